package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// called runs a command line and returns its exit code and what it wrote to
// standard error.
func called(t *testing.T, args ...string) (code int, stderr string) {
	t.Helper()
	var out, messages bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &messages)
	return code, messages.String()
}

func TestMistypedWordsAreNamed(t *testing.T) {
	for line, want := range map[string]string{
		"nre":                                     `unknown command "nre" for "medner"; did you mean ner?`,
		"nre --format x":                          `unknown command "nre" for "medner"; did you mean ner?`,
		"terminology imprt":                       "did you mean import?",
		"bench modl":                              "did you mean model?",
		"help nre":                                "did you mean ner?",
		"help bench modl":                         "did you mean model?",
		"ner --treads 3":                          "unknown flag: --treads; did you mean --threads?",
		"ner -threads 3":                          "unknown flag: -threads; did you mean --threads?",
		"convert --form x":                        "unknown flag: --form; did you mean --from?",
		"inspect --jsno":                          "did you mean --json?",
		"ner --task chemical":                     "did you mean chemicals?",
		"ner --task diseases,influence":           "did you mean influences?",
		"ner --format jsnl":                       "did you mean jsonl?",
		"ner --input-format pubtater":             "did you mean pubtator?",
		"ner --precision fats":                    "did you mean fast?",
		"ner --device coda":                       "did you mean cuda?",
		"ner --device cuda,cppu":                  "did you mean cpu?",
		"ner --weights int4":                      "did you mean int8?",
		"ner --lora merged":                       "did you mean merge?",
		"ner --kv-dtype f23":                      "did you mean f32?",
		"ner --method tags":                       "did you mean tag?",
		"ner --prompt trian":                      "did you mean --prompt train?",
		"ner --ensemble train,crad":               "did you mean --prompt card?",
		"ner --profile seed":                      "did you mean --profile seed-compat?",
		"ner --on-ungrounded dorp":                "did you mean drop?",
		"eval --data x --task chemcials":          "did you mean chemicals?",
		"classify --scores sotfmax":               "did you mean softmax?",
		"convert --to bioc":                       "did you mean bioc-",
		"convert --from medlin --to json":         "did you mean medline?",
		"quantize --to nf -o x":                   "did you mean nf4?",
		"bench model -o jsn":                      "did you mean json?",
		"bench kernels --shape Mistral":           "did you mean Mistral-7B?",
		"bench model --weights awq-1288":          "did you mean awq-128?",
		"terminology lookup x --type dis":         "did you mean disease?",
		"terminology import -o x --format mesh y": "did you mean mesh-",
	} {
		_, stderr := called(t, strings.Fields(line)...)
		require.Contains(t, stderr, want, line)
	}
	for _, line := range []string{"quux", "ner --quux", "ner --format quux", "ner --prompt quux"} {
		_, stderr := called(t, strings.Fields(line)...)
		require.NotContains(t, stderr, "did you mean", line)
		require.NotEmpty(t, stderr, line)
	}
}

// programmers matches words of Go's own errors, which no user should have to read.
var programmers = regexp.MustCompile(`strconv|ParseInt|ParseFloat|ParseBool|invalid syntax|invalid argument|unmarshal|nil pointer`)

// A value that a flag doesn't take is refused in plain words, which name the flag.
func TestBadValuesOfEveryFlagAreSaidInPlainWords(t *testing.T) {
	for _, cmd := range commands(newRoot()) {
		var flags []*pflag.Flag
		cmd.InitDefaultHelpFlag()
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f) })
		path := strings.Fields(cmd.CommandPath())[1:]
		for _, f := range flags {
			kind := f.Value.Type()
			_, chosen := f.Value.(*choiceFlag)
			if strings.HasPrefix(kind, "string") && !chosen {
				continue // any text may be right
			}
			for _, value := range []string{"abc", "", "1e999", "9223372036854775808", "0x", "\x1b[31m"} {
				if value[0:min(1, len(value))] == "9" && kind != "int" {
					continue // a number that these flags may take
				}
				code, stderr := called(t, append(path, "--"+f.Name+"="+value)...)
				require.Equal(t, exitUsage, code, "%s --%s=%q", cmd.CommandPath(), f.Name, value)
				require.Contains(t, stderr, "--"+f.Name, cmd.CommandPath())
				require.Contains(t, stderr, "expected", cmd.CommandPath())
				require.NotRegexp(t, programmers, stderr)
				require.NotContains(t, stderr, "\x1b")
			}
		}
	}
}

func TestEnvironmentIsChecked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, value := range []string{"MEDNER_CACHE=" + file, "MEDNER_LIBCUDA=" + file + "/missing.so"} {
		var stderr bytes.Buffer
		err := checkEnvironment([]string{"HOME=/", value}, nil, &stderr)
		require.ErrorAs(t, err, new(usageError), value)
		name, _, _ := strings.Cut(value, "=")
		require.ErrorContains(t, err, name+": found")
	}
	var stderr bytes.Buffer
	require.NoError(t, checkEnvironment([]string{"MEDNER_CACHE=", "MEDNER_CPU=", "NO_COLOR=1", "MEDNER_CAHCE=x", "MEDNER_\x1bQ=x", "OTHER=y"}, nil, &stderr))
	require.Equal(t, "medner: environment variable MEDNER_CAHCE is unknown, and ignored; did you mean MEDNER_CACHE?\n"+
		"medner: environment variable \"MEDNER_\\x1bQ\" is unknown, and ignored\n", stderr.String())
}

func TestDocsListTheEnvironment(t *testing.T) {
	docs, err := os.ReadFile(filepath.Join(golden.Root(), "docs", "files.md"))
	require.NoError(t, err)
	for _, v := range variables {
		require.Contains(t, string(docs), "| `"+v.name+"` | "+v.meaning+" |")
	}
}

// Names of files come from strangers: what they hold besides letters is never sent to
// a terminal as it is.
func TestMessagesSendNoEscapeSequences(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no file has such a name")
	}
	t.Chdir(t.TempDir())
	const name = "a\x1b[31mred\x1b]0;title\a\u202e.txt"
	require.NoError(t, os.WriteFile(name, []byte("\x00"), 0o600))
	for _, args := range [][]string{
		{"inspect", name}, {"inspect", name + "/none"}, {"convert", name, "--to", "json"}, {"convert", "none" + name, "--to", "json"},
		{"ner", name}, {"ner", "--model", name, "-"}, {"ner", "--calibration", name, "-"}, {"ner", "--prompt", "./" + name, "-"},
		{"terminology", "info", name}, {"terminology", "lookup", name, "x"}, {"tokenize", "--model", name}, {"generate", "--prompt", "x", "--model", name},
		{"generate", "--token-ids", name, "--model", name}, {"quantize", name, "-o", "out"}, {"bundle", "--check", name}, {"eval", "--data", name, "--predictions", name},
		{"verify", name}, {"chat-template", "--messages", name, "--model", name}, {"classify", name, "--model", name}, {"convert", name, "--to", "json", "-o", "none/" + name},
		{name}, {"ner", "--" + name}, {"ner", "--task", name}, {"help", name}, {"generate", name}, {"ner", "-o", name, "--model", name, "-"},
	} {
		code, stderr := called(t, args...)
		require.NotZero(t, code, "%q", args)
		require.NotRegexp(t, "[\x1b\a\u202e\x00]", stderr, "%q", args)
		require.Contains(t, stderr, "medner: ", "%q", args)
	}
	require.Equal(t, "\\x1b[0m é\n\t\\xff\\u202e漢", printable("\x1b[0m é\n\t\xff\u202e漢"))
}
