package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/medner/medner/internal/golden"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"medner": main})
}

// TestScripts runs testdata/script/*.txt: the program as its users run it.
// $REPO is the repository's root, $GOLDENS its reference vectors, $MEDNER the
// program's path. Beside
// testscript's own commands there are
//
//	exits CODE PROGRAM [ARGS…]  run it and compare its exit code
//	json FILE PATH [VALUE]      FILE is one JSON value; at PATH (a.0.b) it has VALUE (@FILE: that in a file)
//	gzip FILES…                 replace each by a compressed FILE.gz
//	golden MODEL PROMPT HOW     write a reference generation to prompt.json and want.json
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("REPO", golden.Root())
			env.Setenv("GOLDENS", filepath.Join(golden.Root(), "testdata", "goldens"))
			program, err := exec.LookPath("medner")
			if err != nil {
				return err
			}
			env.Setenv("MEDNER", program)
			env.Setenv("MEDNER_CACHE", filepath.Join(env.WorkDir, "cache"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "json": checkJSON, "golden": writeGolden, "gzip": packFiles},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGS…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, expected %d", got, want)
	}
}

// packFiles replaces files by compressed ones, as gzip does.
func packFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: gzip FILES…")
	}
	for _, name := range args {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write([]byte(ts.ReadFile(name)))
		ts.Check(errors.Join(err, w.Close()))
		ts.Check(os.WriteFile(ts.MkAbs(name+".gz"), packed.Bytes(), 0o600))
		ts.Check(os.Remove(ts.MkAbs(name)))
	}
}

func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: [!] json FILE PATH [VALUE]")
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	var value any
	ts.Check(decoder.Decode(&value))
	if _, err := decoder.Token(); err != io.EOF {
		ts.Fatalf("more than one JSON value")
	}
	found := true
	for _, key := range strings.Split(args[1], ".") {
		if list, ok := value.([]any); ok {
			i, err := strconv.Atoi(key)
			if found = err == nil && i < len(list); found {
				value = list[i]
			}
		} else {
			object, _ := value.(map[string]any)
			value, found = object[key]
		}
		if !found {
			break
		}
	}
	if found && len(args) == 3 {
		text, isFile := strings.CutPrefix(args[2], "@")
		if isFile {
			text = ts.ReadFile(text)
		}
		var want any
		ts.Check(json.Unmarshal([]byte(text), &want))
		if equal := reflect.DeepEqual(value, want); equal == neg {
			ts.Fatalf("%s is %v, expected (not: %v) %v", args[1], value, neg, want)
		}
		return
	}
	if found == neg {
		ts.Fatalf("%s: there: %v", args[1], found)
	}
}

func writeGolden(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: golden MODEL PROMPT HOW")
	}
	data, err := os.ReadFile(filepath.Join(ts.Getenv("GOLDENS"), "generations.json"))
	ts.Check(err)
	var cases []struct {
		Model  string
		Prompt int
		IDs    json.RawMessage
		Greedy map[string]json.RawMessage
	}
	ts.Check(json.Unmarshal(data, &cases))
	for _, c := range cases {
		if c.Model == args[0] && strconv.Itoa(c.Prompt) == args[1] && c.Greedy[args[2]] != nil {
			ts.Check(os.WriteFile(ts.MkAbs("prompt.json"), c.IDs, 0o644))
			ts.Check(os.WriteFile(ts.MkAbs("want.json"), c.Greedy[args[2]], 0o644))
			return
		}
	}
	ts.Fatalf("no reference generation of %s", strings.Join(args, " "))
}
