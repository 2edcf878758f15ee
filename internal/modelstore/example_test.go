package modelstore_test

import (
	"context"
	"errors"
	"log"
	"os"

	"github.com/medner/medner/internal/modelstore"
)

func Example() {
	files, err := modelstore.Locate("")
	var missing *modelstore.MissingError
	if errors.As(err, &missing) {
		var fetched *modelstore.Fetched
		if fetched, err = modelstore.Fetch(context.Background(), "", modelstore.FetchOptions{Log: os.Stderr}); err == nil {
			files = fetched.Files
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	log.Println(files.Base, files.Adapters)
}
