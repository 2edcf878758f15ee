package defaultmodel_test

import (
	"context"
	"errors"
	"log"
	"os"

	"github.com/medner/medner/model/defaultmodel"
)

func Example() {
	files, err := defaultmodel.Locate()
	var missing *defaultmodel.MissingError
	if errors.As(err, &missing) {
		files, err = defaultmodel.Fetch(context.Background(), defaultmodel.FetchOptions{Log: os.Stderr})
	}
	if err != nil {
		log.Fatal(err)
	}
	log.Println(files.Base, files.Adapters)
}
