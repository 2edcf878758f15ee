package seedcompat

import (
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/prompt"
)

// TaskOf tells the task of a prompt in the seed's format from its words. The
// name is what an error calls the document.
func TaskOf(name, text string) (prompt.Task, error) {
	t := NormalizeText(text)
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
