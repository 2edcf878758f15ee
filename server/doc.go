// Package server is an http.Handler that serves one open model: chat and text
// completions in the form of OpenAI's API, so that its clients can talk to the
// model, and annotation of documents.
//
// Programs that want medner inside of a service of their own need it; for a
// service by itself there is the command medner serve, which adds listening,
// TLS and signals to this package.
//
//	m, err := model.Open(ctx, path, model.Options{Queue: 64})
//	…
//	s, err := server.New(m)
//	…
//	mux.Handle("/medner/", http.StripPrefix("/medner", s))
//
// Nothing that the server answers depends on the prefix at which it is mounted.
// The model stays the caller's: it may serve the caller's own requests and other
// extractors at the same time, and the caller closes it after the server's last
// use. Bound its queue (model.Options.Queue): the requests that find it full are
// then refused with status 429 in place of waiting for any time.
//
// # What it promises
//
//   - The same request gets the same answer whatever else the server does, to the
//     byte, but for ids, times and counts of cached tokens. Requests that sample
//     name a seed for that.
//   - A client that goes away ends its work, in the queue, while its prompt is
//     read, and while its answer is written.
//   - Nothing is cut off in silence: a prompt that is too long is an error that
//     says how long it is and what the limit is.
//   - No request ends the process, and what one may take is bounded (Limits).
//   - Every error is JSON in OpenAI's form, that of an unknown path too. What a
//     request asks for and the server can't do is refused by name. Unknown fields
//     are ignored.
//   - No text of a prompt or an answer is logged.
//
// The package opens no port, installs no signal handler and starts no process.
package server
