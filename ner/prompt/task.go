package prompt

// Task names the items that one question asks for.
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
