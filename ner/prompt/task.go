package prompt

import (
	"fmt"
	"strings"

	"github.com/medner/medner/badinput"
)

// Task is what one prompt asks for.
type Task string

// The tasks, in the order of results.
const (
	Chemicals  Task = "chemicals"
	Diseases   Task = "diseases"
	Influences Task = "influences" // pairs: a chemical and a disease that it influences
)

// SeedRules names the rules by which profile seed-compat reads answers.
type SeedRules string

// CardRules are those of the model card's published adapter, BioMistralRules
// those of its evaluation of BioMistral-7B-SLERP-AWQ.
const (
	CardRules       SeedRules = ""
	BioMistralRules SeedRules = "biomistral"
)

// Tasks lists all tasks in order.
func Tasks() []Task { return []Task{Chemicals, Diseases, Influences} }

// ParseTasks reads a comma-separated list, "" being all; the result has no
// doubles and is in order.
func ParseTasks(list string) ([]Task, error) {
	if strings.TrimSpace(list) == "" {
		return Tasks(), nil
	}
	wanted := map[Task]bool{}
	for name := range strings.SplitSeq(list, ",") {
		task := Task(strings.ToLower(strings.TrimSpace(name)))
		switch task {
		case Chemicals, Diseases, Influences:
			wanted[task] = true
		default:
			return nil, badinput.New("", "task", fmt.Sprintf("%q", name), "chemicals, diseases or influences")
		}
	}
	var tasks []Task
	for _, t := range Tasks() {
		if wanted[t] {
			tasks = append(tasks, t)
		}
	}
	return tasks, nil
}
