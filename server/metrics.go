package server

import (
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/medner/medner/internal/version"
	"github.com/medner/medner/model"
)

// metrics are what /metrics tells. Each server has a registry of its own. The values of
// labels are routes, methods, status codes, and words of this package; nothing that a
// client writes becomes one.
type metrics struct {
	registry *prometheus.Registry

	inFlight   prometheus.Gauge
	requests   *prometheus.CounterVec   // by route, method and status
	seconds    *prometheus.HistogramVec // by route
	rejections *prometheus.CounterVec   // by reason
	documents  *prometheus.CounterVec   // by outcome

	firstToken, betweenTokens, queued, prefill, decode prometheus.Histogram
}

// Buckets of times in seconds: of whole requests, and of single tokens.
var (
	requestBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600}
	tokenBuckets   = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10}
)

func newMetrics(s *Server) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
		m.registry.MustRegister(h)
		return h
	}
	m.inFlight = prometheus.NewGauge(prometheus.GaugeOpts{Name: "medner_http_requests_in_flight", Help: "HTTP requests that are being answered"})
	m.requests = counters("medner_http_requests_total", "HTTP requests answered; status 499: the client left before", "route", "method", "status")
	m.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "medner_e2e_request_latency_seconds", Help: "time from a request to the end of its answer", Buckets: requestBuckets,
	}, []string{"route"})
	m.rejections = counters("medner_request_rejections_total", "requests that were refused, by the code in their error", "reason")
	m.documents = counters("medner_documents_total", "documents annotated, or failed", "outcome")
	m.firstToken = histogram("medner_time_to_first_token_seconds", "time from a request of completions to its first token", requestBuckets)
	m.betweenTokens = histogram("medner_inter_token_latency_seconds", "time from a token of a completion to the next", tokenBuckets)
	m.queued = histogram("medner_request_queue_time_seconds", "time that a completion waited for a place in the batch", requestBuckets)
	m.prefill = histogram("medner_request_prefill_time_seconds", "time from a place in the batch to the first token", requestBuckets)
	m.decode = histogram("medner_request_decode_time_seconds", "time from the first token to the last", requestBuckets)
	m.registry.MustRegister(m.inFlight, m.seconds, engine{s}, collectors.NewGoCollector())
	if runtime.GOOS == "linux" || runtime.GOOS == "windows" {
		m.registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "medner_build_info", Help: "1, with the version as its label", ConstLabels: prometheus.Labels{"version": version.String()},
	})
	info.Set(1)
	m.registry.MustRegister(info)
	return m
}

// answered counts a request.
func (m *metrics) answered(about *record, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(about.route, method, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(about.route).Observe(took.Seconds())
	if about.code != "" {
		m.rejections.WithLabelValues(about.code).Inc()
	}
}

// token counts the time that a token of a completion took since the one before, or
// since the request where it is the first.
func (m *metrics) token(first bool, took time.Duration) {
	if first {
		m.firstToken.Observe(took.Seconds())
	} else {
		m.betweenTokens.Observe(took.Seconds())
	}
}

// annotated counts a document that was annotated, or failed.
func (m *metrics) annotated(about *record, err error) {
	outcome := "annotated"
	if err != nil {
		outcome = "failed"
	}
	m.documents.WithLabelValues(outcome).Inc()
	about.documents.Add(1)
}

// generated counts a completion.
func (m *metrics) generated(t model.Timings) {
	m.queued.Observe(t.Queued.Seconds())
	m.prefill.Observe(t.Prefill.Seconds())
	m.decode.Observe(t.Decode.Seconds())
}

func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	return nil
}

// engine collects what the model counts.
type engine struct{ s *Server }

// engineMetric is a number of model.Stats.
type engineMetric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(model.Stats) float64
}

func gauge(name, help string, of func(model.Stats) float64) engineMetric {
	return engineMetric{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, of}
}

func counter(name, help string, of func(model.Stats) float64) engineMetric {
	return engineMetric{prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue, of}
}

var (
	readyDesc     = prometheus.NewDesc("medner_ready", "1 if /readyz says that the server is ready, else 0", nil, nil)
	engineMetrics = []engineMetric{
		gauge("medner_num_requests_running", "requests in the model's batch", func(s model.Stats) float64 { return float64(s.Running) }),
		gauge("medner_num_requests_waiting", "requests that wait for a place in the batch", func(s model.Stats) float64 { return float64(s.Waiting) }),
		gauge("medner_kv_cache_bytes", "memory of the keys and values of running requests", func(s model.Stats) float64 { return float64(s.CacheBytes) }),
		gauge("medner_prefix_cache_bytes", "memory of the prefix cache", func(s model.Stats) float64 { return float64(s.PrefixBytes) }),
		gauge("medner_queued_prompt_tokens", "prompt tokens of requests in flight that wait to be read", func(s model.Stats) float64 { return float64(s.QueuedTokens) }),
		gauge("medner_kv_cache_tokens", "positions that running requests hold", func(s model.Stats) float64 { return float64(s.CacheTokens) }),
		gauge("medner_prefix_cache_budget_bytes", "the most that the prefix cache may take", func(s model.Stats) float64 { return float64(s.PrefixBudget) }),
		gauge("medner_engine_pending_seconds", "time since the latest step while requests are pending", func(s model.Stats) float64 { return s.Pending.Seconds() }),
		counter("medner_prefix_cache_evictions_total", "entries that the prefix cache dropped", func(s model.Stats) float64 { return float64(s.PrefixEvictions) }),
		counter("medner_engine_requests_finished_total", "requests to the model that were met", func(s model.Stats) float64 { return float64(s.Finished) }),
		counter("medner_engine_requests_cancelled_total", "requests to the model whose callers left", func(s model.Stats) float64 { return float64(s.Cancelled) }),
		counter("medner_engine_requests_failed_total", "requests to the model that failed", func(s model.Stats) float64 { return float64(s.Failed) }),
		counter("medner_engine_requests_rejected_total", "requests to the model that were not let in", func(s model.Stats) float64 { return float64(s.Rejected) }),
		counter("medner_engine_steps_total", "steps of the model", func(s model.Stats) float64 { return float64(s.Steps) }),
		counter("medner_engine_step_seconds_total", "time that the steps took", func(s model.Stats) float64 { return s.StepTime.Seconds() }),
		counter("medner_prompt_tokens_total", "prompt tokens read", func(s model.Stats) float64 { return float64(s.PromptTokens) }),
		counter("medner_generation_tokens_total", "tokens written", func(s model.Stats) float64 { return float64(s.NewTokens) }),
		counter("medner_prefix_cache_queries_total", "prompt tokens that were looked for in the prefix cache", func(s model.Stats) float64 { return float64(s.PromptTokens + s.CachedTokens) }),
		counter("medner_prefix_cache_hits_total", "prompt tokens that were found there", func(s model.Stats) float64 { return float64(s.CachedTokens) }),
		counter("medner_draft_tokens_total", "drafted tokens that were verified", func(s model.Stats) float64 { return float64(s.DraftedTokens) }),
		counter("medner_accepted_draft_tokens_total", "drafted tokens that were accepted", func(s model.Stats) float64 { return float64(s.AcceptedTokens) }),
	}
)

// Describe implements prometheus.Collector.
func (e engine) Describe(descs chan<- *prometheus.Desc) {
	descs <- readyDesc
	for _, m := range engineMetrics {
		descs <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (e engine) Collect(values chan<- prometheus.Metric) {
	ready := 0.0
	if e.s.Ready() == nil {
		ready = 1
	}
	values <- prometheus.MustNewConstMetric(readyDesc, prometheus.GaugeValue, ready)
	var stats model.Stats
	if e.s.loaded.Load() {
		stats = e.s.model.Stats()
	}
	for _, m := range engineMetrics {
		values <- prometheus.MustNewConstMetric(m.desc, m.kind, m.of(stats))
	}
}
