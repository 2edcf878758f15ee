package server_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
	"github.com/medner/medner/server"
)

// A program mounts the server below a path of its own.
func Example() {
	dir := filepath.Join(golden.Root(), "testdata", "goldens")
	m, err := model.Open(context.Background(), filepath.Join(dir, "tiny-llama"), model.Options{
		Adapters: []string{filepath.Join(dir, "adapters", "plain")}, LoRA: model.Unmerged, Queue: 64,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	s, err := server.New(m, server.WithName("tiny"))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/llm/", http.StripPrefix("/llm", s))
	site := httptest.NewServer(mux)
	defer site.Close()

	answer, err := http.Get(site.URL + "/llm/v1/models/no-such")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d %s", answer.StatusCode, body)
	// Output:
	// 404 {"error":{"message":"model: found \"no-such\", expected one of [\"tiny\" \"plain\" \"base\"]","type":"invalid_request_error","param":"model","code":"model_not_found"}}
}
