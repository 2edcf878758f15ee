package jinja

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// goldens is what scripts/jinja_goldens.py writes.
type goldens struct {
	Conversations [][]Message
	Cases         []struct {
		Source   string
		Rendered []json.RawMessage // a text, null for an error, or {"raises": message}
	}
}

func readGoldens(t testing.TB, path string) (g goldens) {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &g))
	require.NotEmpty(t, g.Cases)
	return g
}

// The committed cases, and those in the file that MEDNER_JINJA_CASES names,
// render as Jinja renders them.
func TestRendersAsJinjaDoes(t *testing.T) {
	paths := []string{"testdata/cases.json"}
	if more := os.Getenv("MEDNER_JINJA_CASES"); more != "" {
		paths = append(paths, more)
	}
	for _, path := range paths {
		g := readGoldens(t, path)
		for _, c := range g.Cases {
			for i, want := range c.Rendered {
				compare(t, c.Source, g.Conversations[i/2], i%2 == 1, want)
			}
		}
	}
}

func compare(t *testing.T, source string, messages []Message, prompt bool, want json.RawMessage) {
	out, err := render(source, messages, prompt)
	var text *string
	if json.Unmarshal(want, &text) != nil {
		var raises struct{ Raises string }
		require.NoError(t, json.Unmarshal(want, &raises))
		var raised *RaisedError
		if !errors.As(err, &raised) || raised.Message != raises.Raises {
			t.Errorf("%q: %v, expected %q to be raised", source, err, raises.Raises)
		}
		return
	}
	switch {
	case text == nil && err == nil:
		t.Errorf("%q with %q: %q, expected an error", source, messages, out.Text)
	case text != nil && err != nil:
		t.Errorf("%q with %q: %v, expected %q", source, messages, err, *text)
	case text != nil && out.Text != *text:
		t.Errorf("%q with %q:\n%q, expected\n%q", source, messages, out.Text, *text)
	}
}

func render(source string, messages []Message, prompt bool) (Output, error) {
	return renderWithin(source, messages, prompt, newBudget(0))
}

func renderWithin(source string, messages []Message, prompt bool, b budget) (Output, error) {
	t, err := Compile(source)
	if err != nil {
		return Output{}, err
	}
	in := Input{Messages: messages, AddGenerationPrompt: prompt, BOS: "<s>", EOS: "</s>", Today: "26 Jul 2024"}
	return t.render(in, b)
}

// less is a part of the budget, so that tests end sooner.
func less() budget {
	b := newBudget(0)
	b.steps, b.bytes = b.steps/16, b.bytes/16
	return b
}

// A byte of the text is typed just when it stems from a message, whatever the
// template does with it: here messages are Greek, and no template is.
func TestTypedIsWhatMessagesHold(t *testing.T) {
	g := readGoldens(t, "testdata/cases.json")
	messages := []Message{{"user", "αβγ"}, {"assistant", "«δε»"}, {"γρ", "ζη·θι"}}
	greek := func(c rune) bool { return unicode.Is(unicode.Greek, c) || strings.ContainsRune("«»·", c) }
	seen := 0
	for _, c := range g.Cases {
		out, err := render(c.Source, messages, true)
		if err != nil || strings.ContainsFunc(c.Source, greek) {
			continue
		}
		typed := make([]bool, len(out.Text))
		for _, p := range out.Typed {
			for i := p[0]; i < p[1]; i++ {
				typed[i] = true
			}
		}
		for i, r := range out.Text {
			if greek(r) {
				seen++
			}
			if typed[i] != greek(r) {
				t.Errorf("%q: %q at %d of %q: typed is %v", c.Source, r, i, out.Text, typed[i])
				break
			}
		}
	}
	require.Greater(t, seen, 100)
}

func TestTypedEdges(t *testing.T) {
	for source, want := range map[string][][2]int{
		"{{ messages[0].content }}{{ messages[1].content }}":                      {{0, 2}}, // side by side
		"<{{ messages[0].content }}|{{ messages[1].content }}>":                   {{1, 2}, {3, 4}},
		"{{ messages[0].content * 3 }}":                                           {{0, 3}},
		"{{ '%s-%s' % (messages[0].content, 'x') }}":                              {{0, 1}},
		"{{ [messages[0].content, 'x'] | join(messages[1].content) }}":            {{0, 2}},
		"{{ ('x' ~ messages[0].content ~ 'y')[::-1] }}":                           {{1, 2}},
		"{{ 'xay' | replace('a', messages[1].content) }}":                         {{1, 2}},
		"{{ messages[0].content | tojson }}":                                      {{1, 2}},
		"{{ messages[0].role }}{{ messages[2].role }}":                            {{4, 7}}, // a role that no template knows
		"{% set x %}<{{ messages[0].content }}>{% endset %}{{ x }}":               {{1, 2}},
		"{% macro m(a) %}({{ a }}){% endmacro %}{{ m(messages[0].content) }}":     {{1, 2}},
		"{% filter upper %}x{{ messages[0].content }}{% endfilter %}":             {{1, 2}},
		"{{ messages[0].content in ['a'] }}{{ messages[0].content | length }}":    nil,
		"{{ {messages[0].content: 1}.a }}{{ {messages[0].content: 1} | tojson }}": {{3, 4}},
	} {
		out, err := render(source, []Message{{"user", "a"}, {"user", "b"}, {"end", "c"}}, false)
		require.NoError(t, err, source)
		require.Equal(t, want, out.Typed, "%s: %s", source, out.Text)
	}
}

// What would take long, or much memory, is stopped.
func TestBounds(t *testing.T) {
	for name, source := range map[string]string{
		"a long source":       strings.Repeat("x", maxSource+1),
		"a long range":        "{% for i in range(10**9) %}{% endfor %}",
		"loops in loops":      "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
		"a long string":       "{{ 'a' * 10**9 }}",
		"a long list":         "{{ [1] * 10**9 }}",
		"a huge number":       "{{ 10 ** 10 ** 10 }}",
		"doubling":            "{% set n = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(99999) %}{% set n.s = n.s + n.s %}{% endfor %}",
		"doubling a list":     "{% set n = namespace(s=[1]) %}{% for i in range(99999) %}{% set n.s = n.s + n.s %}{% endfor %}",
		"much output":         "{% for i in range(99999) %}" + strings.Repeat("x", 1000) + "{% endfor %}",
		"a wide format":       "{% for i in range(99999) %}{{ '%9999d' % 1 }}{% endfor %}",
		"a wider format":      "{{ '%999999999d' % 1 }}",
		"a wide indent":       "{{ 'a\nb' | indent(10**9) }}",
		"a wide tojson":       "{{ [1] | tojson(indent=10**9) }}",
		"wide separators":     "{{ range(99999) | list | tojson(separators=('b' * 10**5, ':')) }}",
		"a list of many":      "{% set n = namespace(l=[]) %}{% for i in range(40) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}",
		"replacing":           "{{ ('a' * 10**6) | replace('', 'b' * 10**6) }}",
		"joining":             "{{ range(99999) | join('b' * 10**5) }}",
		"many lists":          "{% set n = namespace(l=[]) %}{% for i in range(99999) %}{% set n.l = n.l + [[n.l]] %}{% endfor %}",
		"a deep list":         "{% set n = namespace(l=[]) %}{% for i in range(99999) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l }}",
		"deep lists compared": "{% set n = namespace(l=[], m=[]) %}{% for i in range(99999) %}{% set n.l = [n.l] %}{% set n.m = [n.m] %}{% endfor %}{{ n.l == n.m }}",
		"recursion":           "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
		"recursion, twice":    "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
		"a tree":              "{% macro m(n) %}{% if n < 40 %}{{ m(n + 1) }}{{ m(n + 1) }}{% endif %}{% endmacro %}{{ m(0) }}",
		"loop(…) in itself":   "{% set l = [[1]] %}{% for x in l recursive %}{{ loop(l) }}{% endfor %}",
		"brackets":            "{{ " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000) + " }}",
		"minuses":             "{{ " + strings.Repeat("-", 100_000) + "1 }}",
		"a chain":             "{{ 1" + strings.Repeat("+1", 100_000) + " }}",
		"dots":                "{{ x" + strings.Repeat(".x", 100_000) + " }}",
		"filters":             "{{ x" + strings.Repeat("|d", 100_000) + " }}",
		"ifs":                 strings.Repeat("{% if 1 %}", 20_000),
		"elses":               "{{ 1" + strings.Repeat(" if 1 else 1", 20_000) + " }}",
		"split, often":        "{% set s = 'a ' * 10**5 %}{% for i in range(99999) %}{% set x = s.split() %}{% endfor %}",
		"sorted, often":       "{% set s = range(99999) | list %}{% for i in range(99999) %}{% set x = s | sort %}{% endfor %}",
		"searched, often":     "{% set s = range(99999) | list %}{% for i in range(99999) %}{% set x = -1 in s %}{% endfor %}",
		"characters":          "{% set s = messages[0].content * 10000 %}{% for i in range(99999) %}{% for c in s %}{% endfor %}{% endfor %}",
		"scopes":              "{% for i in range(99999) %}{% for j in range(99) %}{% set a = 1 %}{% set b = 2 %}{% endfor %}{% endfor %}",
		"parts, often":        "{% set s = 'a' * 10**6 %}{% for i in range(99999) %}{% set x = ('a' * 999 + 'b') in s %}{% endfor %}",
		"long keys, often":    "{% set s = 'a' * 10**6 %}{% for i in range(99999) %}{% set x = {s: 1}[s] %}{% endfor %}",
		"equal, often":        "{% set s = 'a' * 10**6 %}{% set t = s[1:] ~ 'a' %}{% for i in range(99999) %}{% set x = s == t %}{% endfor %}",
		"less, often":         "{% set s = 'a' * 10**6 %}{% set t = s ~ 'a' %}{% for i in range(99999) %}{% set x = s < t %}{% endfor %}",
		"digits, often":       "{% set s = '9' * 10**6 %}{% for i in range(99999) %}{% set x = s | int %}{% endfor %}",
		"digits of a float":   "{% set s = '9' * 10**6 %}{% for i in range(99999) %}{% set x = s | float %}{% endfor %}",
		"a format by names":   "{{ ('%(a)s' * 10**4) % {'a': 'b' * 10**5} }}",
		"titles, often":       "{% set s = 'a b' * 10**4 %}{% for i in range(99999) %}{% set x = s | title %}{% endfor %}",
		"words, often":        "{% set s = 'a b' * 10**4 %}{% for i in range(99999) %}{% set x = s | wordcount %}{% endfor %}",
		"prefixes, often":     "{% set s = 'a' * 10**6 %}{% for i in range(99999) %}{% set x = s.startswith(s) %}{% endfor %}",
		"cases, often":        "{% set s = 'a' * 10**6 %}{% for i in range(99999) %}{% set x = s is lower %}{% endfor %}",
		"a format of pieces":  "{% set s = (messages[0].content ~ '-%%') * 10**5 %}{% for i in range(99999) %}{% set x = s % () %}{% endfor %}",
		"braces of pieces":    "{% set s = (messages[0].content ~ '-{' ~ '{') * 10**5 %}{% for i in range(99999) %}{% set x = s.format() %}{% endfor %}",
		"a format, cut":       "{% set s = 'a' * 10**6 %}{% for i in range(99999) %}{% set x = '%.9s' % s %}{% endfor %}",
		"pieces, often":       "{% set s = (messages[0].content ~ '-') * 10**4 %}{% for i in range(99999) %}{% set x = s | upper %}{% endfor %}",
		"far variables":       strings.Repeat("{% with a1=1, a2=1, a3=1, a4=1, a5=1, a6=1, a7=1 %}", 180) + "{% for i in range(99999) %}{% if messages" + strings.Repeat(" and messages", 400) + " %}{% endif %}{% endfor %}" + strings.Repeat("{% endwith %}", 180),
		"pairs, often":        "{% set l = [[1, 2]] * 10**5 %}{% for i in range(99999) %}{% set x = dict(l) %}{% endfor %}",
	} {
		_, err := renderWithin(source, []Message{{"user", "a"}}, false, less())
		require.Error(t, err, name)
		require.Regexp(t, "more than|at most|too large|of width", err.Error(), name)
	}
}

// Long messages leave a template much memory, but none of these sizes.
func TestBoundsBesideLongMessages(t *testing.T) {
	for _, source := range []string{
		"{{ 'a' | indent(10**14) }}", "{{ ['a'] | tojson(indent=10**14) }}", "{{ 'a'.ljust(10**14) }}", "{{ 'a'.rjust(10**14) }}",
		"{{ 'a'.zfill(10**14) }}", "{{ ('ab' * 10**14) | length }}", "{{ ([1] * 10**14) | length }}", "{{ (messages[0].content * 10**14) | length }}",
	} {
		_, err := renderWithin(source, []Message{{"user", "a"}}, false, newBudget(1<<28))
		require.ErrorContains(t, err, "more than", source)
	}
}

// What Python refuses in a format is an error here too, and never a panic.
func TestWrongFormats(t *testing.T) {
	for _, source := range []string{
		"{{ '%.-5s' % 'abc' }}", "{{ '%5-s' % 'abc' }}", "{{ '%.5.3s' % 'abc' }}", "{{ '%-.-3d' % 1 }}", "{{ '%.+1f' % 1 }}", "{{ '%. d' % 1 }}",
	} {
		_, err := render(source, nil, false)
		require.ErrorContains(t, err, "a format", source)
	}
}

// A directive of strftime may stand for nothing: the day has no zone.
func TestDirectivesOfNothing(t *testing.T) {
	out, err := render("<{{ strftime_now('%-Z%Z%-z%z%-d') }}>", nil, false)
	require.NoError(t, err)
	require.Equal(t, "<26>", out.Text)
}

// No file is read, and no attribute of Python's objects is there.
func TestSandbox(t *testing.T) {
	for _, source := range []string{
		"{% include '/etc/passwd' %}", "{% import 'x' as x %}", "{% from 'x' import y %}", "{% extends 'x' %}",
		"{{ ''.__class__.__mro__ }}", "{{ [].append(1) }}", "{{ {}.pop('a') }}", "{{ raise_exception.__globals__['os'] }}",
		"{{ ''|attr('__class__')|attr('__mro__') }}", "{{ namespace(__class__=1) }}", "{% set n = namespace() %}{% set n.__x = 1 %}",
		"{{ lipsum() }}", "{{ self._TemplateReference__context }}", "{{ cycler() }}",
	} {
		_, err := render(source, nil, false)
		require.Error(t, err, source)
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	for source, want := range map[string]string{
		"a\n{{ 1 +\n }}":                     `line 3: unexpected "}}"`,
		"a\n\n{% if x %}":                    "line 3: found the end of the template, expected endif",
		"a\n{% foo %}":                       `line 2: an unknown tag "foo"`,
		"a\n{{ 'x }}":                        "line 2: a string without an end",
		"\n\n{% for m in x.y %}{% endfor %}": "line 3: x is undefined",
		"{# \n #}{{ 'a' |\nupp }}":           "line 3: no filter named upp",
		"\n{{ raise_exception('No.') }}":     "the template raises: No.",
	} {
		_, err := render(source, nil, false)
		require.EqualError(t, err, want, source)
	}
}

// Rendering never panics nor hangs, and the typed ranges are in order.
func FuzzRender(f *testing.F) {
	for _, c := range readGoldens(f, "testdata/cases.json").Cases {
		f.Add(c.Source, "a <b>\n", "\xff é")
	}
	f.Fuzz(func(t *testing.T, source, first, second string) {
		out, err := renderWithin(source, []Message{{"user", first}, {second, second}}, true, less())
		if err != nil {
			return
		}
		end := -1
		for _, p := range out.Typed {
			if p[0] <= end || p[1] <= p[0] || p[1] > len(out.Text) {
				t.Fatalf("typed %v of %q", out.Typed, out.Text)
			}
			end = p[1]
		}
	})
}
