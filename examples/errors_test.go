package embedder

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/tokenizer/chat"
)

// A server tells apart why a request failed, to answer with the right status.
func Example_errorsOfRequests() {
	ctx := context.Background()
	m, err := model.Open(ctx, tinyLlama, model.Options{Context: 1000, Batch: 1, Queue: -1})
	if err != nil {
		log.Fatal(err)
	}

	_, err = m.Generate(ctx, model.Request{Tokens: make([]int32, 2000)})
	var long *model.ContextError
	if errors.As(err, &long) {
		fmt.Println("cut the prompt of", long.PromptTokens, "tokens: the context has", long.Limit)
	}

	_, err = m.Generate(ctx, model.Request{Tokens: []int32{1 << 30}})
	var bad *badinput.Error
	if errors.As(err, &bad) {
		fmt.Println("not a prompt of this model:", bad)
	}

	_, err = m.Generate(ctx, model.Request{Tokens: []int32{1}, Constraint: nothing{}})
	fmt.Println("nothing allowed:", errors.Is(err, model.ErrNothingAllowed))

	// The queue is full while a request is in flight.
	inFlight, cancel := context.WithCancel(ctx)
	var once sync.Once
	_, err = m.Generate(inFlight, model.Request{Tokens: []int32{1}, Stop: []int32{}, OnToken: func(model.Token) {
		once.Do(func() {
			_, err := m.Generate(ctx, model.Request{Tokens: []int32{1}})
			var full *model.QueueFullError
			if errors.As(err, &full) {
				fmt.Println("try again later:", full.InFlight, "request is in flight")
			}
			cancel()
		})
	}})
	fmt.Println("cancelled:", errors.Is(err, context.Canceled))

	if err := m.Drain(ctx); err != nil {
		log.Fatal(err)
	}
	_, err = m.Generate(ctx, model.Request{Tokens: []int32{1}})
	fmt.Println("going down:", errors.Is(err, model.ErrDraining))
	if err := m.Close(); err != nil {
		log.Fatal(err)
	}
	_, err = m.Generate(ctx, model.Request{Tokens: []int32{1}})
	fmt.Println("closed:", errors.Is(err, model.ErrClosed))
	// Output:
	// cut the prompt of 2000 tokens: the context has 1000
	// not a prompt of this model: prompt token 0: found id 1073741824, expected 0 to 2047
	// nothing allowed: true
	// try again later: 1 request is in flight
	// cancelled: true
	// going down: true
	// closed: true
}

// nothing is a constraint that allows no token.
type nothing struct{}

func (nothing) Allowed() []uint64      { return []uint64{} }
func (nothing) Accept(int32)           {}
func (nothing) Fork() model.Constraint { return nothing{} }

// A chat program tells a model without a tokenizer from one whose files are broken,
// and a conversation that the template refuses from a template that is broken.
func Example_errorsOfText() {
	text, err := checkpoint.OpenText(adapter)
	if err != nil {
		log.Fatal(err)
	}
	_, err = text.Tokenizer()
	var absent *checkpoint.AbsentError
	if errors.As(err, &absent) {
		fmt.Println("there is no", absent.What)
	}

	template, err := chat.FromSource(`{{ raise_exception('no system message, please') }}`, chat.Tokens{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = template.Render([]chat.Message{{Role: "system", Content: "a"}}, chat.Options{})
	var raised *chat.RaisedError
	if errors.As(err, &raised) {
		fmt.Println("refused:", raised.Message)
	}
	// Output:
	// there is no tokenizer
	// refused: no system message, please
}
