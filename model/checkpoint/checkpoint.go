package checkpoint

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/quant"
)

// Checkpoint holds a model's open files. It is safe for concurrent use.
type Checkpoint struct {
	Path   string
	Config *arch.Config
	// ConfigJSON is config.json, or one made of a GGUF file's metadata.
	ConfigJSON []byte
	// Warnings says what is odd about the files, such as an index that names files
	// which aren't there.
	Warnings []string

	source  source
	text    *Text
	weights []Weight
	shapes  map[string]Weight

	// classifier is the matrix of the token classification head; its Name is empty
	// where the model has none.
	classifier Weight

	// headIsEmbedding tells whether the embedding of a tied pair is stored under
	// the head's name.
	headIsEmbedding bool

	mu       sync.Mutex
	matrices map[string]quant.Matrix
}

// source reads weights from one of the two layouts. Weights have their names in
// transformers; tensors that no decoder has keep those of the file.
type source interface {
	// names returns the names of all weights, without the parts of quantised ones
	// (absmax, …).
	names() []string
	// matrix returns a view of a weight after checking its shape. A weight whose Rows
	// are 0 may have any number of them.
	matrix(w Weight) (quant.Matrix, error)
	// where returns the path of the file that holds a weight, or should hold it.
	where(name string) string
	release()
	close() error
}

// Open opens a directory in the layout of the Hugging Face hub, or a GGUF file.
// Its errors are of type *badinput.Error, except for those of the file system.
func Open(path string) (*Checkpoint, error) {
	info, err := stat(path)
	if err != nil {
		return nil, err
	}
	if ext := filepath.Ext(path); !info.IsDir() && (ext == ".json" || ext == ".safetensors") {
		return nil, badinput.New(path, "", "a file of a model's directory", "the directory, or a GGUF file")
	}
	c := &Checkpoint{Path: path, shapes: map[string]Weight{}, matrices: map[string]quant.Matrix{}}
	if info.IsDir() {
		err = c.openDirectory(path)
	} else {
		err = c.openGGUF(path)
	}
	if err == nil {
		_, err = c.text.Generation() // the only text that Open checks: it names the ids that end an answer
	}
	if err == nil {
		err = c.match()
	}
	if err != nil {
		if c.source != nil {
			_ = c.source.close()
		}
		return nil, err
	}
	return c, nil
}

func (c *Checkpoint) warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
}

// match checks that the files hold the weights that the configuration asks for, and
// no others.
func (c *Checkpoint) match() error {
	there := map[string]bool{}
	for _, name := range c.source.names() {
		there[name] = true
	}
	if c.Config.TieWordEmbeddings {
		if err := c.untie(there); err != nil {
			return err
		}
	}
	c.weights = Layout(c.Config)
	if c.Config.TokenClassification {
		if err := c.matchClassifier(there); err != nil {
			return err
		}
	}
	for _, w := range c.weights {
		c.shapes[w.Name] = w
		if !there[w.Name] {
			return badinput.New(c.source.where(w.Name), w.Name, "no such tensor", describe(w))
		}
		delete(there, w.Name)
	}
	for _, name := range c.source.names() {
		if there[name] {
			return badinput.New(c.source.where(name), clip.Text(name), "a tensor that the configuration does not ask for", c.Config.ModelType+"'s weights only")
		}
	}
	return nil
}

// untie decides, as transformers does, what to do with a head in the files of a model
// whose head is tied to the embedding. Without an embedding beside it, the head is
// the embedding too. With one, the two stay tied only if they are equal.
func (c *Checkpoint) untie(there map[string]bool) error {
	if !there[HeadName] {
		return nil
	}
	if !there[EmbeddingName] {
		c.headIsEmbedding = true
		delete(there, HeadName)
		there[EmbeddingName] = true
		return nil
	}
	shape := Weight{EmbeddingName, Embedding, c.Config.VocabSize, c.Config.HiddenSize}
	embedding, err := c.source.matrix(shape)
	if err != nil {
		return err
	}
	shape.Name, shape.Kind = HeadName, Linear
	head, err := c.source.matrix(shape)
	if err != nil {
		return err
	}
	same, err := equal(embedding, head)
	if err != nil {
		return err
	}
	if same {
		delete(there, HeadName)
		return nil
	}
	tied := *c.Config
	tied.TieWordEmbeddings = false
	c.Config = &tied
	return nil
}

// equal reports whether two matrices of one shape hold the same numbers.
func equal(a, b quant.Matrix) (bool, error) {
	const rows = 64
	left, right := make([]float32, rows*a.Cols()), make([]float32, rows*a.Cols())
	for from := 0; from < a.Rows(); from += rows {
		n := min(rows, a.Rows()-from) * a.Cols()
		if err := a.ReadRows(left[:n], from); err != nil {
			return false, err
		}
		if err := b.ReadRows(right[:n], from); err != nil {
			return false, err
		}
		for i, v := range left[:n] {
			if v != right[i] {
				return false, nil
			}
		}
	}
	return true, nil
}

// Weights returns the weights in the order in which they are used, without a tied
// head. The caller must not change the slice.
func (c *Checkpoint) Weights() []Weight { return c.weights }

// Has reports whether the model has a weight of that name.
func (c *Checkpoint) Has(name string) bool { _, ok := c.shapes[name]; return ok }

// Matrix returns a view of a weight after checking its shape. Two calls with one
// name return the same matrix. It may be read until Close.
func (c *Checkpoint) Matrix(name string) (quant.Matrix, error) {
	w, ok := c.shapes[name]
	if !ok {
		return nil, fmt.Errorf("%s: no weight %s", c.Path, name)
	}
	c.mu.Lock()
	m := c.matrices[name]
	c.mu.Unlock()
	if m != nil {
		return m, nil
	}
	if name == EmbeddingName && c.headIsEmbedding {
		w.Name = HeadName
	}
	m, err := c.source.matrix(w)
	if err != nil {
		return nil, err
	}
	m = checked(m, c.source.where(w.Name), w.Name)
	c.mu.Lock()
	defer c.mu.Unlock()
	if first := c.matrices[name]; first != nil {
		return first, nil
	}
	c.matrices[name] = m
	return m, nil
}

// Vector reads a weight that has one row: the gains of a norm, or a bias.
func (c *Checkpoint) Vector(name string) ([]float32, error) {
	m, err := c.Matrix(name)
	if err != nil {
		return nil, err
	}
	if m.Rows() != 1 {
		return nil, fmt.Errorf("%s: weight %s is a matrix", c.Path, name)
	}
	return c.readAll(m, name)
}

// readAll reads the whole of a weight.
func (c *Checkpoint) readAll(m quant.Matrix, name string) ([]float32, error) {
	v, err := quant.ReadAll(m)
	var bad *badinput.Error
	if err != nil && !errors.As(err, &bad) {
		err = badinput.Wrap(c.source.where(name), name, err)
	}
	return v, err
}

// Text returns the model's tokenizer, chat template and generation hints, as
// [OpenText] does for the same path.
func (c *Checkpoint) Text() *Text { return c.text }

// Release gives back the memory that holds the pages of the files read so far. After
// packing, most of them are not read again.
func (c *Checkpoint) Release() { c.source.release() }

// Close unmaps the files; matrices must not be read afterwards.
func (c *Checkpoint) Close() error { return c.source.close() }

func describe(w Weight) string {
	switch w.Rows {
	case 0:
		return fmt.Sprintf("labels × %d numbers", w.Cols)
	case 1:
		return fmt.Sprintf("%d numbers", w.Cols)
	}
	return fmt.Sprintf("%d × %d numbers", w.Rows, w.Cols)
}

// checkShape compares a tensor's dimensions, rows first, with the shape that w
// should have.
func checkShape(file string, w Weight, shape []int) error {
	fits := len(shape) == 2 && (shape[0] == w.Rows || w.Rows == 0 && shape[0] > 0) && shape[1] == w.Cols
	if w.Kind == Norm || w.Kind == Bias {
		fits = len(shape) == 1 && shape[0] == w.Cols
	}
	if fits {
		return nil
	}
	return badinput.New(file, w.Name+": shape", fmt.Sprint(shape), describe(w)+", as config.json says")
}

// Limits, in bytes, far above any real file: of configurations, and of other files
// that are not weights, of which the largest tokenizer.json have some 30 MB.
const (
	maxConfig = 1 << 20
	maxText   = 128 << 20
)
