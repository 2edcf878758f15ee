// Package prompt holds what models are asked, as data.
//
// A file of prompts names profiles: a system message, whether the text's
// beginning is marked twice, and the words of the user's turn, in which
// {wording} stands for what is asked for, {task} for the task's name and
// {article} for the article. prompts.json, built in, holds the profiles of the
// model card; a user's own file has the same form:
//
//	{
//	  "user_turn": "List the {wording} in this article.\n\n{article}\n",
//	  "wording": {"chemicals": "chemicals", "diseases": "diseases", "influences": "pairs chemical | disease"},
//	  "profiles": {"mine": {"system": "You annotate articles.", "chat": "template"}}
//	}
//
// A profile may have its own "user_turn" and "wording". Its conversation is
// written with the model family's bare marks ("chat": "plain", the default),
// for so the published adapters were trained; "template" uses the model's own
// chat template, which may trim messages and add a date; or "template" as a key
// of the profile spells the whole text, with {system} and {user}.
//
// Where the plain text begins with the model's mark of a beginning, "duplicate_bos"
// lets the tokenizer add another, as it happened in the adapter's training.
//
// What users bring, the article above all, is never read for special tokens:
// [Rendered] says which parts of the text are theirs.
package prompt
