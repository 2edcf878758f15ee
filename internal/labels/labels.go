// Package labels reads the names of the classes between which a token
// classification head chooses, from config.json and from files of their own, and
// groups labelled tokens to spans.
package labels

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// FileName is the name of the file beside an adapter that names its labels.
const FileName = "labels.json"

// HeadModules holds the names that a token classification head has in transformers and
// in PEFT: score in the families that this program runs, classifier in others and in
// old files.
var HeadModules = []string{"score", "classifier"}

// Most is far above the number of labels of any real head.
const Most = 1 << 16

// Parse reads the labels of a head by class: a JSON object with id2label, label2id
// or num_labels, as config.json has them, an id2label itself
// ({"0": "O", "1": "B-Chemical"}), or a list. The file names it in errors, which are
// of type *badinput.Error.
func Parse(file string, data []byte) ([]string, error) {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && data[0] == '[' {
		return list(file, data)
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return nil, badinput.Wrap(file, "", err)
	}
	if Named(values) {
		return OfConfig(file, values)
	}
	return byClass(file, "", data)
}

// Named reports whether a configuration says anything about labels.
func Named(config map[string]json.RawMessage) bool {
	return given(config, "id2label") || given(config, "label2id") || given(config, "num_labels")
}

// given reports whether a field is there and not null.
func given(config map[string]json.RawMessage, field string) bool {
	v, ok := config[field]
	return ok && string(v) != "null"
}

// OfConfig reads the labels that a config.json names: its id2label, or where that is
// missing its label2id. num_labels must agree. Without names transformers has
// LABEL_0, LABEL_1 and so on, num_labels of them or two.
func OfConfig(file string, config map[string]json.RawMessage) (names []string, err error) {
	n := -1
	if given(config, "num_labels") {
		if err := json.Unmarshal(config["num_labels"], &n); err != nil || n < 1 || n > Most {
			return nil, badinput.New(file, "num_labels", clip.Text(config["num_labels"]), fmt.Sprintf("a whole number from 1 to %d", Most))
		}
	}
	field := "id2label"
	switch {
	case given(config, field):
		names, err = byClass(file, field, config[field])
	case given(config, "label2id"):
		field = "label2id"
		names, err = byName(file, field, config[field])
	default:
		if n < 0 {
			n = 2
		}
		for i := range n {
			names = append(names, fmt.Sprint("LABEL_", i))
		}
		return names, nil
	}
	if err == nil && n >= 0 && n != len(names) {
		err = badinput.New(file, "num_labels", strconv.Itoa(n), fmt.Sprintf("%d, the number of labels in %s", len(names), field))
	}
	return names, err
}

// Check refuses an empty list of labels, and labels that are empty or come twice.
// file and field name the list in errors.
func Check(file, field string, names []string) error {
	if len(names) == 0 {
		return badinput.New(file, field, "no labels", "a label for each class of the head")
	}
	if len(names) > Most {
		return badinput.New(file, field, fmt.Sprintf("%d labels", len(names)), fmt.Sprintf("at most %d", Most))
	}
	first := map[string]int{}
	for i, name := range names {
		if name == "" {
			return badinput.New(file, field, fmt.Sprintf("an empty label, of class %d", i), "the label's name")
		}
		if other, twice := first[name]; twice {
			return badinput.New(file, field, fmt.Sprintf("the label %q for the classes %d and %d", clip.Text(name), other, i), "labels that differ")
		}
		first[name] = i
	}
	return nil
}

// list reads a JSON list of labels.
func list(file string, data []byte) ([]string, error) {
	var items []*string
	if err := json.Unmarshal(data, &items); err != nil {
		return nil, badinput.Wrap(file, "", err)
	}
	names := make([]string, 0, len(items))
	for i, item := range items {
		if item == nil {
			return nil, badinput.New(file, "", fmt.Sprintf("null as the label of class %d", i), "the label's name")
		}
		names = append(names, *item)
	}
	return names, Check(file, "", names)
}

// pair is a key of id2label or label2id, and its value.
type pair struct {
	key   string
	value json.RawMessage
}

// pairs reads an object with its keys in order, repeated ones included, which
// json.Unmarshal would hide.
func pairs(file, field string, raw json.RawMessage) ([]pair, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	open, err := d.Token()
	if err != nil {
		return nil, badinput.Wrap(file, field, err)
	}
	if open != json.Delim('{') {
		return nil, badinput.New(file, field, clip.Text(raw), "an object of classes and labels")
	}
	var all []pair
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, badinput.Wrap(file, field, err)
		}
		p := pair{key: fmt.Sprint(key)}
		if err := d.Decode(&p.value); err != nil {
			return nil, badinput.Wrap(file, field, err)
		}
		if all = append(all, p); len(all) > Most {
			return nil, badinput.New(file, field, fmt.Sprintf("more than %d labels", Most), "fewer")
		}
	}
	return all, nil
}

// byClass reads id2label, whose keys are the numbers from 0 on in any order.
func byClass(file, field string, raw json.RawMessage) ([]string, error) {
	all, err := pairs(file, field, raw)
	if err != nil {
		return nil, err
	}
	names, seen := make([]string, len(all)), make([]bool, len(all))
	for _, p := range all {
		class, err := classOf(file, field, p.key, seen)
		if err != nil {
			return nil, err
		}
		if p.value[0] != '"' {
			return nil, badinput.New(file, join(field, p.key), clip.Text(p.value), "the label's name, a string")
		}
		_ = json.Unmarshal(p.value, &names[class]) // the syntax is known to be right
	}
	return names, Check(file, field, names)
}

// byName reads label2id.
func byName(file, field string, raw json.RawMessage) ([]string, error) {
	all, err := pairs(file, field, raw)
	if err != nil {
		return nil, err
	}
	names, seen := make([]string, len(all)), make([]bool, len(all))
	for _, p := range all {
		class, err := classOf(file, field, string(p.value), seen)
		if err != nil {
			return nil, err
		}
		names[class] = p.key
	}
	return names, Check(file, field, names)
}

// classOf reads the number of a class, one of those that seen is indexed by, and
// notes that it has been seen.
func classOf(file, field, text string, seen []bool) (int, error) {
	want := fmt.Sprintf("the classes 0 to %d, each once", len(seen)-1)
	class, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(class) != text || class < 0 || class >= len(seen) {
		return 0, badinput.New(file, field, fmt.Sprintf("the class %s among %d labels", strconv.Quote(clip.Text(text)), len(seen)), want)
	}
	if seen[class] {
		return 0, badinput.New(file, field, fmt.Sprintf("the class %d twice", class), want)
	}
	seen[class] = true
	return class, nil
}

func join(field, key string) string {
	if field == "" {
		return clip.Text(key)
	}
	return field + ": " + clip.Text(key)
}
