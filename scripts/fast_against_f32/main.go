// Command fast_against_f32 measures what precision fast costs the default
// model. It extracts from the documents of a file with both precisions, writes
// the results into a folder as f32.jsonl and fast.jsonl, and then compares the
// two distributions of the next token at each place of the answers of f32. If it
// is interrupted, it reports on the places that it has compared.
//
//	go run ./scripts/fast_against_f32 [-documents N] GOLD.PubTator FOLDER
//	medner eval --data GOLD.PubTator --predictions FOLDER/f32.jsonl --compare FOLDER/fast.jsonl
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"iter"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"

	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

func main() {
	documents := flag.Int("documents", 0, "documents at most; 0: all")
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, flag.Arg(0), flag.Arg(1), *documents); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, gold, folder string, documents int) error {
	f32, err := extract(ctx, model.F32, gold, folder, documents)
	if err != nil {
		return err
	}
	defer f32.Close()
	fast, err := extract(ctx, model.Fast, gold, folder, documents)
	if err != nil {
		return err
	}
	defer fast.Close()
	d, err := f32.distance(ctx, fast)
	if err != nil && (ctx.Err() == nil || len(d.kl) == 0) {
		return err
	}
	same := 0
	for prompt, a := range f32.answers {
		if slices.Equal(a.ids, fast.answers[prompt].ids) {
			same++
		}
	}
	slices.Sort(d.kl)
	sum := 0.0
	for _, v := range d.kl {
		sum += v
	}
	n := len(d.kl)
	fmt.Printf("answers: %d, alike in every token: %d (%.1f %%)\n", len(f32.answers), same, 100*float64(same)/float64(len(f32.answers)))
	fmt.Printf("compared along %d of them\n", d.answers)
	fmt.Printf("positions: %d, same likeliest token: %d (%.2f %%)\n", n, d.sameTop, 100*float64(d.sameTop)/float64(n))
	fmt.Printf("KL(f32 ‖ fast) in nats: mean %.2g, median %.2g, 99 %% below %.2g, at most %.2g\n", sum/float64(n), d.kl[n/2], d.kl[n*99/100], d.kl[n-1])
	return nil
}

// recorder is a model that keeps its answers.
type recorder struct {
	*model.Model
	lock    sync.Mutex
	answers map[string]answer // by prompt
}

// answer holds a prompt and what a model wrote after it, as token ids.
type answer struct{ prompt, ids []int32 }

// Generate implements ner.Generator.
func (r *recorder) Generate(ctx context.Context, request model.Request) (*model.Result, error) {
	result, err := r.Model.Generate(ctx, request)
	if err == nil {
		r.lock.Lock()
		r.answers[fmt.Sprint(request.Tokens)] = answer{request.Tokens, result.IDs()}
		r.lock.Unlock()
	}
	return result, err
}

// extract has the default model annotate the gold documents at a precision, and
// writes the results into the folder.
func extract(ctx context.Context, precision model.Precision, gold, folder string, documents int) (_ *recorder, err error) {
	files, err := modelstore.Locate("")
	if err != nil {
		return nil, err
	}
	m, err := model.Open(ctx, files.Base, model.Options{Adapters: files.Adapters, Precision: precision})
	if err != nil {
		return nil, err
	}
	r := &recorder{Model: m, answers: map[string]answer{}}
	engine := ner.Engine{Generator: r, Prompt: "article-first", About: document.Model{Name: filepath.Base(files.Base), Precision: string(precision)}}
	if engine.Tokenizer, err = m.Text().Tokenizer(); err != nil {
		return nil, err
	}
	if engine.Template, err = m.Text().Template(); err != nil {
		return nil, err
	}
	extractor, err := ner.NewWithEngine(engine)
	if err != nil {
		return nil, err
	}
	out, err := os.Create(filepath.Join(folder, string(precision)+".jsonl"))
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, out.Close()) }()
	w, err := format.NewWriter(out, format.WriteOptions{Format: format.JSONL})
	if err != nil {
		return nil, err
	}
	for result, err := range extractor.Stream(ctx, articles(gold, documents)) {
		if err == nil {
			err = w.Write(result)
		}
		if err != nil {
			return nil, err
		}
	}
	return r, w.Close()
}

// articles returns the first documents of a file, at most so many; 0: all.
func articles(gold string, most int) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		n := 0
		for r, err := range format.Files([]string{gold}, nil, format.ReadOptions{}) {
			if n++; !yield(r.Document, err) || n == most {
				return
			}
		}
	}
}

// distance says how far apart two distributions of the next token are.
type distance struct {
	answers int
	kl      []float64 // Kullback-Leibler divergence at each position, in nats
	sameTop int       // positions at which the likeliest token is the same
}

// distance compares r's model with another along r's answers.
func (r *recorder) distance(ctx context.Context, other *recorder) (*distance, error) {
	d := &distance{}
	for _, a := range r.answers {
		tokens := slices.Concat(a.prompt, a.ids[:len(a.ids)-1])
		mine, err := r.Logits(ctx, tokens, len(a.ids), "")
		if err != nil {
			return d, err
		}
		theirs, err := other.Logits(ctx, tokens, len(a.ids), "")
		if err != nil {
			return d, err
		}
		for i := range mine {
			d.kl = append(d.kl, divergence(mine[i], theirs[i]))
			if top(mine[i]) == top(theirs[i]) {
				d.sameTop++
			}
		}
		d.answers++
	}
	return d, nil
}

// top returns the lowest id with the greatest logit.
func top(logits []float32) int { return slices.Index(logits, slices.Max(logits)) }

// divergence returns Σ p log(p/q), in nats, where p and q are the softmax of two
// rows of logits.
func divergence(p, q []float32) (kl float64) {
	a, b := normaliser(p), normaliser(q)
	for i := range p {
		logP, logQ := float64(p[i])-a, float64(q[i])-b
		kl += math.Exp(logP) * (logP - logQ)
	}
	return kl
}

// normaliser returns log Σ exp(x) over logits x.
func normaliser(logits []float32) float64 {
	most, sum := float64(slices.Max(logits)), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - most)
	}
	return most + math.Log(sum)
}
