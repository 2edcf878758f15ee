package embedder

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/medner/medner/model"
	"github.com/medner/medner/server"
)

// A program serves a model at a path of its own, beside what else it serves.
func Example_server() {
	m, err := model.Open(context.Background(), tinyLlama, model.Options{Adapters: []string{adapter}, LoRA: model.Unmerged, Queue: 64})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	s, err := server.New(m, server.WithName("tiny"))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/llm/", http.StripPrefix("/llm", s))
	site := httptest.NewServer(mux)
	defer site.Close()

	answer, err := http.Get(site.URL + "/llm/v1/models")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var list struct{ Data []struct{ ID string } }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		log.Fatal(err)
	}
	for _, m := range list.Data {
		fmt.Println(m.ID)
	}
	// Output:
	// tiny
	// plain
	// base
}
