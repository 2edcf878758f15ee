package seedcompat

import (
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/prompt"
)

// TaskOf returns the task that a prompt of the model card's format asks for, by
// its words. An error calls the document name.
func TaskOf(name, text string) (prompt.Task, error) {
	t := normalizeText(text)
	if strings.Contains(t, "influences between") || strings.Contains(t, "list of extracted influences") {
		return prompt.Influences, nil
	}
	for _, task := range []prompt.Task{prompt.Chemicals, prompt.Diseases} {
		if strings.Contains(t, "list of extracted "+string(task)) || strings.Contains(t, string(task)+" mentioned") {
			return task, nil
		}
	}
	return "", badinput.New(name, "prompt", "no known task",
		`"list of extracted chemicals", "… diseases" or "… influences"`)
}
