package arch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// fields reads the values of a JSON object by name. The first error is kept in
// err; values that are read after it may be zero.
type fields struct {
	file   string
	prefix string // before names in errors: "rope_scaling: "
	values map[string]json.RawMessage
	err    *error
}

func parseFields(file string, data []byte) (fields, error) {
	f := fields{file: file, err: new(error)}
	if first := bytes.TrimLeft(data, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return f, badinput.New(file, "", "no JSON object", "a JSON object")
	}
	if err := json.Unmarshal(data, &f.values); err != nil {
		return f, badinput.Wrap(file, "", err)
	}
	return f, nil
}

func (f fields) fail(name, found, want string) {
	if *f.err == nil {
		*f.err = badinput.New(f.file, f.prefix+name, found, want)
	}
}

// raw returns the value of a field as JSON, nil if it is missing or null.
func (f fields) raw(name string) json.RawMessage {
	if v := f.values[name]; string(v) != "null" {
		return v
	}
	return nil
}

func (f fields) has(name string) bool { _, ok := f.values[name]; return ok }

// get reads a field into what v points to, and reports whether it was there.
func (f fields) get(name string, v any, want string) bool {
	raw := f.raw(name)
	if raw == nil {
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		f.fail(name, clip.Text(raw), want)
		return false
	}
	return true
}

func (f fields) str(name string) (s string) {
	f.get(name, &s, "a string")
	return s
}

func (f fields) boolean(name string) (b bool) {
	f.get(name, &b, "true or false")
	return b
}

// integer reads a whole number. absent is its value if the field is missing.
func (f fields) integer(name string, absent int) int {
	n := absent
	f.get(name, &n, "a whole number")
	return n
}

func (f fields) number(name string, absent float64) float64 {
	x := absent
	f.get(name, &x, "a number")
	return x
}

// ids reads a token id or a list of them.
func (f fields) ids(name string) (ids []int32) {
	raw := f.raw(name)
	if raw == nil {
		return nil
	}
	const want = "a token id or a list of token ids"
	var list []*int32
	if raw[0] == '[' {
		f.get(name, &list, want)
	} else {
		list = make([]*int32, 1)
		f.get(name, &list[0], want)
	}
	for _, id := range list {
		if id == nil || *id < 0 {
			f.fail(name, clip.Text(raw), want)
			return nil
		}
		ids = append(ids, *id)
	}
	return ids
}

// id reads a token id, -1 where there is none.
func (f fields) id(name string) int32 {
	id := int32(-1)
	if f.get(name, &id, "a token id") && id < -1 {
		f.fail(name, fmt.Sprint(id), "a token id")
	}
	return id
}

// object reads an object inside the object; nil values where it is absent.
func (f fields) object(name string) fields {
	inner := fields{file: f.file, prefix: f.prefix + name + ": ", err: f.err}
	f.get(name, &inner.values, "an object")
	return inner
}

// within checks a whole number against [1, limit].
func (f fields) within(name string, n, limit int) {
	if n < 1 || n > limit {
		f.fail(name, strconv.Itoa(n), fmt.Sprintf("a whole number from 1 to %d", limit))
	}
}

// positive checks for a positive number that f32 holds.
func (f fields) positive(name string, x float64) {
	if !(x > 0 && float32(x) > 0 && x <= math.MaxFloat32) {
		f.fail(name, strconv.FormatFloat(x, 'g', -1, 64), "a positive number")
	}
}

func quoted(s string) string { return strconv.Quote(clip.Text(s)) }
