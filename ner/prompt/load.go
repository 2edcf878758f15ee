package prompt

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
)

//go:embed prompts.json
var builtin []byte

const builtinFile = "built-in prompts"

// maxFile bounds a file of prompts in bytes.
const maxFile = 1 << 20

// file is the JSON of a file of prompts; Wording and UserTurn hold for profiles
// that have none of their own.
type file struct {
	UserTurn string             `json:"user_turn"`
	Wording  map[Task]string    `json:"wording"`
	Profiles map[string]profile `json:"profiles"`
}

type profile struct {
	For          string          `json:"for"`
	System       *string         `json:"system"`
	UserTurn     string          `json:"user_turn"`
	ArticleFirst *ArticleFirst   `json:"article_first"`
	Wording      map[Task]string `json:"wording"`
	Template     string          `json:"template"`
	Chat         string          `json:"chat"`
	DuplicateBOS bool            `json:"duplicate_bos"`
}

// Names returns the names of the built-in profiles, sorted.
func Names() []string {
	prompts, err := Parse(builtinFile, builtin)
	if err != nil {
		panic(err) // the tests read the file that is built in
	}
	var names []string
	for _, p := range prompts {
		names = append(names, p.Name)
	}
	return names
}

// Load returns a profile: a built-in one by its name, the only one of a file by
// the file's path, or one of several by "PATH#NAME". A file that is bad, or has
// no such profile, gives a *badinput.Error.
func Load(name string) (*Prompt, error) {
	builtins, err := Parse(builtinFile, builtin)
	if err != nil {
		return nil, err
	}
	for _, p := range builtins {
		if p.Name == name {
			return p, nil
		}
	}
	path, wanted := name, ""
	if i := strings.LastIndexByte(name, '#'); i >= 0 && !exists(name) {
		path, wanted = name[:i], name[i+1:]
	}
	data, err := files.Read(path, maxFile, "a file of prompts")
	if os.IsNotExist(err) && !strings.ContainsAny(path, `./\`) {
		return nil, badinput.New("", "prompt", fmt.Sprintf("%q", name), "a file, or one of "+strings.Join(Names(), ", "))
	}
	if err != nil {
		return nil, err
	}
	prompts, err := Parse(path, data)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range prompts {
		if p.Name == wanted || wanted == "" && len(prompts) == 1 {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return nil, badinput.New(path, "profiles", strings.Join(names, ", "), fmt.Sprintf("one to choose by %s#NAME, not %q", path, wanted))
}

// exists reports whether a path, which may have a # of its own, is that of a file.
func exists(path string) bool {
	_, err := files.Stat(path)
	return err == nil
}

// Parse returns the profiles of a file of prompts, in order of their names. The
// file is called name in errors, which are *badinput.Error.
func Parse(name string, data []byte) ([]*Prompt, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var f file
	if err := d.Decode(&f); err != nil {
		return nil, badinput.Wrap(name, "", err)
	}
	if d.More() {
		return nil, badinput.New(name, "", "more after the object", "one object")
	}
	if len(f.Profiles) == 0 {
		return nil, badinput.New(name, "profiles", "none", "at least one")
	}
	var prompts []*Prompt
	for key, p := range f.Profiles {
		out, err := f.prompt(name, key, p)
		if err != nil {
			return nil, err
		}
		prompts = append(prompts, out)
	}
	slices.SortFunc(prompts, func(a, b *Prompt) int { return strings.Compare(a.Name, b.Name) })
	return prompts, nil
}

// prompt checks the profile p, which the file called name holds under key.
func (f *file) prompt(name, key string, p profile) (*Prompt, error) {
	field := "profiles." + key
	out := &Prompt{
		Name: key, For: p.For, UserTurn: f.UserTurn, Wording: map[Task]string{},
		Text: p.Template, Chat: p.Chat, DuplicateBOS: p.DuplicateBOS,
	}
	if p.System != nil {
		out.System = *p.System
	}
	if err := out.setTurn(name, field, p); err != nil {
		return nil, err
	}
	if p.Template != "" && strings.Count(p.Template, "{user}") != 1 {
		return nil, badinput.New(name, field+".template", times("{user}", strings.Count(p.Template, "{user}")), "once")
	}
	switch p.Chat {
	case "":
		out.Chat = Plain
	case Plain, Template:
	default:
		return nil, badinput.New(name, field+".chat", fmt.Sprintf("%q", p.Chat), `"plain" or "template"`)
	}
	for _, w := range []map[Task]string{f.Wording, p.Wording} {
		for task, words := range w {
			if !slices.Contains(Tasks(), task) {
				return nil, badinput.New(name, field+".wording", fmt.Sprintf("%q", task), "chemicals, diseases or influences")
			}
			out.Wording[task] = words
		}
	}
	return out, nil
}

// setTurn sets the user's turn to that of the profile p, if it has one, and
// checks it. The file called name holds p under field.
func (p *Prompt) setTurn(name, field string, from profile) error {
	if a := from.ArticleFirst; a != nil {
		if from.UserTurn != "" {
			return badinput.New(name, field, "both user_turn and article_first", "one of them")
		}
		p.ArticleFirst, p.UserTurn = a, a.Prefix+a.Question
		return a.check(name, field+".article_first")
	}
	if from.UserTurn != "" {
		p.UserTurn = from.UserTurn
	}
	if n := strings.Count(p.UserTurn, "{article}"); n != 1 {
		return badinput.New(name, field+".user_turn", times("{article}", n), "once")
	}
	if !strings.Contains(p.UserTurn, "{task}") && !strings.Contains(p.UserTurn, "{wording}") {
		return badinput.New(name, field+".user_turn", "neither {task} nor {wording}", "one, for the tasks to differ")
	}
	return nil
}
