package labels

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func TestParse(t *testing.T) {
	for text, want := range map[string][]string{
		`["O", "B-X"]`:                       {"O", "B-X"},
		` {"0": "O", "1": "B-X"}`:            {"O", "B-X"},
		`{"1": "B-X", "0": "O"}`:             {"O", "B-X"},
		`{"id2label": {"1": "é", "0": "O"}}`: {"O", "é"},
		`{"label2id": {"B-X": 1, "O": 0}}`:   {"O", "B-X"},
		`{"num_labels": 3}`:                  {"LABEL_0", "LABEL_1", "LABEL_2"},
		`{"id2label": {"0": "a"}, "label2id": {"other": 7}, "num_labels": 1}`: {"a"}, // id2label counts, as in transformers
		`{"id2label": null, "label2id": {"O": 0}}`:                            {"O"},
	} {
		got, err := Parse("labels.json", []byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestBadLabels(t *testing.T) {
	for text, want := range map[string]string{
		``:                                   "labels.json",
		`7`:                                  "labels.json",
		`[]`:                                 "no labels",
		`{}`:                                 "no labels",
		`["O", null]`:                        "null as the label of class 1",
		`["O", 1]`:                           "labels.json",
		`["O", "O"]`:                         `the label "O" for the classes 0 and 1`,
		`["O", ""]`:                          "an empty label, of class 1",
		`{"0": "O", "2": "B"}`:               `the class "2" among 2 labels`,
		`{"1": "O", "2": "B"}`:               `the class "2" among 2 labels`,
		`{"0": "O", "0": "B"}`:               "the class 0 twice",
		`{"0": "O", "00": "B"}`:              `the class "00"`,
		`{"-1": "O"}`:                        `the class "-1"`,
		`{"O": 0}`:                           `the class "O"`,
		`{"0": 5}`:                           "0: found 5",
		`{"0": null}`:                        "0: found null",
		`{"id2label": {"0": "O", "x": "B"}}`: `id2label: found the class "x"`,
		`{"id2label": ["O"]}`:                "an object of classes and labels",
		`{"id2label": "O"}`:                  "an object of classes and labels",
		`{"label2id": {"O": 0, "B": 0}}`:     "label2id: found the class 0 twice",
		`{"label2id": {"O": 0, "B": 1.5}}`:   `the class "1.5"`,
		`{"label2id": {"O": "0"}}`:           "label2id",
		`{"num_labels": 2, "id2label": {"0":"O"}}`: "num_labels: found 2, expected 1",
		`{"num_labels": 0}`:                        "num_labels: found 0",
		`{"num_labels": "2"}`:                      `num_labels: found "2"`,
		`{"num_labels": 1e9}`:                      "num_labels",
	} {
		_, err := Parse("labels.json", []byte(text))
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, text)
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, "labels.json", text)
	}
	require.Error(t, Check("f", "labels", make([]string, Most+1)))
}

// FuzzParse: what is read has one name for each class, and no name twice.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`["O"]`, `{"0":"O"}`, `{"id2label":{"0":"O","1":"B"}}`, `{"label2id":{"O":0}}`, `{"num_labels":9}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		names, err := Parse("f", data)
		if err != nil {
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			return
		}
		require.NoError(t, Check("f", "", names))
		Spans(names, names)
	})
}
