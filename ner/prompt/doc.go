// Package prompt writes the question that a model is asked about an article. It
// is for programs that ask in words of their own, and for package ner.
//
// The questions are data: a file of prompts holds profiles by name. A profile
// has a system message and a user's turn with three placeholders: {article} for
// the article, {task} for the task's name ("chemicals") and {wording} for the
// words by which the file names the task. The built-in prompts.json holds the
// profiles of the model card; a user's own file has the same form:
//
//	{
//	  "user_turn": "List the {wording} in this article.\n\n{article}\n",
//	  "wording": {"chemicals": "chemicals", "diseases": "diseases", "influences": "pairs chemical | disease"},
//	  "profiles": {"mine": {"system": "You annotate articles.", "chat": "template"}}
//	}
//
// A profile may have a "user_turn" and a "wording" of its own. How its
// conversation becomes one text is chosen by further keys:
//
//   - "chat": "plain", the default, writes the special tokens of the model's
//     family around the messages and adds nothing, since the published adapters
//     were trained so.
//   - "chat": "template" uses the model's own chat template, which may trim
//     messages and add a date.
//   - "template": "…" spells the whole text, with {system} and {user}.
//   - "duplicate_bos": true lets the tokenizer add the token that begins a text
//     although the plain text begins with that token already: the published
//     adapters were trained on such texts.
//
// A profile may have "article_first" in place of "user_turn". It lays the prompt
// out in parts, of which the prefix is read once for all questions about an
// article, see [ArticleFirst]:
//
//	"mine": {
//	  "system": "You annotate articles.",
//	  "article_first": {
//	    "prefix": "{article}",
//	    "question": "\n\nList the {wording} in the article above.\n",
//	    "tags": "\n\nThe same article again:\n\n{article}"
//	  }
//	}
//
// The system message and whatever the chat puts before the user's turn belong to
// the prefix, what it puts behind the turn to the question. Any of the chats can
// be had, if the template keeps the user's turn but for white space around it.
//
// An article can't inject special tokens: [Rendered] says which bytes of the
// text are messages, in which the tokenizer must read none.
package prompt
