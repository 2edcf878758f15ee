package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/tokenizer"
)

// tokenization is a line that `medner tokenize` writes.
type tokenization struct {
	IDs         []int32  `json:"ids"`
	CharOffsets [][2]int `json:"char_offsets"`
}

func newTokenize() *cobra.Command {
	var (
		path                 string
		jsonLines, noSpecial bool
		parseSpecial         bool
	)
	cmd := &cobra.Command{
		Use:  "tokenize",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return mapLines(cmd, path, func(tok *tokenizer.Tokenizer, line string) (any, error) {
				if jsonLines {
					var text string
					if err := json.Unmarshal([]byte(line), &text); err != nil {
						return nil, badinput.New("", "", err.Error(), "a JSON string")
					}
					line = text
				}
				e := tok.Encode(line, tokenizer.EncodeOptions{AddSpecial: !noSpecial, ParseSpecial: parseSpecial})
				if e.Err != nil {
					return nil, e.Err
				}
				if e.IDs == nil {
					return tokenization{[]int32{}, [][2]int{}}, nil
				}
				return tokenization{e.IDs, e.CharOffsets(line)}, nil
			})
		},
	}
	tokenizerFlag(cmd, &path)
	cmd.Flags().BoolVar(&jsonLines, "json-lines", false, "read each line as a JSON string")
	cmd.Flags().BoolVar(&noSpecial, "no-special", false, "leave out the special tokens that the tokenizer adds, such as BOS")
	cmd.Flags().BoolVar(&parseSpecial, "parse-special", true, "take special tokens that are written in the text for special")
	return cmd
}

func newDetokenize() *cobra.Command {
	var (
		path        string
		skipSpecial bool
	)
	cmd := &cobra.Command{
		Use:  "detokenize",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return mapLines(cmd, path, func(tok *tokenizer.Tokenizer, line string) (any, error) {
				var t tokenization
				err := json.Unmarshal([]byte(line), &t.IDs)
				if err != nil && strings.HasPrefix(line, "{") {
					err = json.Unmarshal([]byte(line), &t)
				}
				if err != nil {
					return nil, badinput.New("", "", err.Error(), "a JSON array of token ids")
				}
				for _, id := range t.IDs {
					if id < 0 || int(id) >= tok.VocabSize() {
						return nil, badinput.New("", "", fmt.Sprintf("token id %d", id), fmt.Sprintf("0 to %d", tok.VocabSize()-1))
					}
				}
				return tok.Decode(t.IDs, skipSpecial), nil
			})
		},
	}
	tokenizerFlag(cmd, &path)
	cmd.Flags().BoolVar(&skipSpecial, "skip-special", false, "leave special tokens out of the text")
	return cmd
}

// tokenizerFlag adds the flag that names a tokenizer.
func tokenizerFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "model", "", "a `DIR` with tokenizer.json, a tokenizer.json, or a GGUF file (default: the default model)")
}

// mapLines writes, for each line of standard input, what fn makes of it as one
// line of JSON. An error of fn is given the line's number.
func mapLines(cmd *cobra.Command, path string, fn func(tok *tokenizer.Tokenizer, line string) (any, error)) error {
	tok, err := openTokenizer(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	encode := json.NewEncoder(out)
	encode.SetEscapeHTML(false)
	err = eachLine(cmd.InOrStdin(), func(n int, line string) error {
		value, err := fn(tok, line)
		var bad *badinput.Error
		if errors.As(err, &bad) {
			bad.File, bad.Field = "standard input", fmt.Sprintf("line %d", n)
		}
		if err != nil {
			return err
		}
		return encode.Encode(value)
	})
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	return err
}

// eachLine calls fn with every line, numbered from 1, of any length.
func eachLine(r io.Reader, fn func(n int, line string) error) error {
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadString('\n')
		if line == "" && err == io.EOF {
			return nil
		}
		if err != nil && err != io.EOF {
			return err
		}
		line = strings.TrimSuffix(line, "\n")
		if fnErr := fn(n, line); fnErr != nil {
			return fnErr
		}
		if err == io.EOF {
			return nil
		}
	}
}
