package ner

import (
	"fmt"
	"slices"

	"github.com/medner/medner/ner/prompt"
	"github.com/medner/medner/tokenizer/chat"
)

// Prompts returns the names of the prompts that the extractor asks with.
func (e *Extractor) Prompts() []string {
	names := make([]string, len(e.prompts))
	for i, p := range e.prompts {
		names[i] = p.Name
	}
	return names
}

// Notes says what a user should know about how the model is asked: where the system
// message of a prompt goes if the model has no role for it, and which options have no
// effect on tags or without them.
func (e *Extractor) Notes() []string {
	var notes []string
	for _, p := range e.prompts {
		if e.foldsSystem(p) {
			notes = append(notes, fmt.Sprintf("prompt %s: %s", p.Name, chat.FoldedNote))
		}
	}
	tasks := e.tasks
	written := e.using != Tag || len(tasks) == 0 || slices.Contains(tasks, prompt.Influences)
	if e.using == Generate && !e.wholeWords {
		notes = append(notes, "tags that begin or end inside of words: the option has no effect, as no tags are read")
	}
	if !written && e.alternatives > 0 {
		notes = append(notes, "alternatives: the option has no effect, as chemicals and diseases are tagged and no list is written")
	}
	if !written && !e.grounded && e.profile != SeedCompat {
		notes = append(notes, "lists that are not grounded: the option has no effect, as chemicals and diseases are tagged and no list is written")
	}
	return notes
}

// foldsSystem says whether a prompt's system message becomes a part of the user's turn.
func (e *Extractor) foldsSystem(p *prompt.Prompt) bool {
	style := e.style()
	switch {
	case p.System == "" || p.Text != "":
		return false
	case p.Chat == prompt.Plain && style != "":
		return style == prompt.Instruct
	}
	template, err := e.template()
	if err != nil {
		return false // asking a question fails too, and says why
	}
	r, err := template.Render([]chat.Message{{Role: "system", Content: p.System}, {Role: "user", Content: p.UserTurn}}, chat.Options{AddGenerationPrompt: true})
	return err == nil && r.SystemFolded
}
