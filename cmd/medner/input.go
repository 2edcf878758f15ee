package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/tokenizer/chat"
)

// maxInput bounds the size in bytes of a file that is read as a whole.
const maxInput = 256 << 20

// alias lets flags go by other names too.
func alias(fs *pflag.FlagSet, names map[string]string) {
	fs.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if own, ok := names[name]; ok {
			name = own
		}
		return pflag.NormalizedName(name)
	})
}

// readInput reads a file, or standard input for "-".
func readInput(cmd *cobra.Command, path string) ([]byte, error) {
	r := cmd.InOrStdin()
	if path != "-" {
		f, err := files.OpenStream(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = interruptible{cmd.Context(), f} // it may be a pipe
	}
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(data) > maxInput {
		return nil, badinput.New(path, "size", "more than 256 MiB", "at most 256 MiB")
	}
	return data, nil
}

// readTokenIDs reads a JSON array of token ids, each below n, the size of the
// vocabulary.
func readTokenIDs(cmd *cobra.Command, path string, n int) ([]int32, error) {
	data, err := readInput(cmd, path)
	if err != nil {
		return nil, err
	}
	var ids []int32
	if err := json.Unmarshal(data, &ids); err != nil {
		return nil, badinput.New(path, "token ids", err.Error(), "a JSON array of numbers")
	}
	if len(ids) == 0 {
		return nil, badinput.New(path, "token ids", "none", "at least one")
	}
	for i, id := range ids {
		if id < 0 || int(id) >= n {
			return nil, badinput.New(path, fmt.Sprintf("token ids[%d]", i), fmt.Sprint(id), fmt.Sprintf("0 to %d", n-1))
		}
	}
	return ids, nil
}

// readMessages reads chat messages: a JSON array of {"role", "content"}, or an
// object that has such an array as "messages".
func readMessages(cmd *cobra.Command, path string) ([]chat.Message, error) {
	data, err := readInput(cmd, path)
	if err != nil {
		return nil, err
	}
	var messages []chat.Message
	if err := json.Unmarshal(data, &messages); err != nil {
		var object struct{ Messages []chat.Message }
		if json.Unmarshal(data, &object) != nil || object.Messages == nil {
			return nil, badinput.New(path, "messages", err.Error(), `a JSON array of {"role", "content"}`)
		}
		messages = object.Messages
	}
	if len(messages) == 0 {
		return nil, badinput.New(path, "messages", "none", "at least one")
	}
	return messages, nil
}
