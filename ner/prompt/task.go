package prompt

import (
	"fmt"
	"strings"

	"github.com/medner/medner/badinput"
)

// Task is what one question asks for.
type Task string

// The tasks.
const (
	Chemicals  Task = "chemicals"
	Diseases   Task = "diseases"
	Influences Task = "influences" // pairs: a chemical and a disease that it influences
)

// SeedRules names one of the two sets of filters by which the author of the
// model card cleaned answers before scoring them. The extractor's profile
// seed-compat and package eval follow them, so that scores can be compared with
// the card's.
type SeedRules string

// The sets of filters.
const (
	CardRules       SeedRules = ""           // for the published adapter
	BioMistralRules SeedRules = "biomistral" // for BioMistral-7B-SLERP-AWQ, which the card compares with
)

// Tasks returns all tasks, in the order in which results list them.
func Tasks() []Task { return []Task{Chemicals, Diseases, Influences} }

// ParseTasks reads a comma-separated list of tasks and returns each once, in the
// order of [Tasks]; "" is all tasks.
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
