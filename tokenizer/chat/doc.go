// Package chat turns a conversation into the text that a model was trained to
// answer, as the Jinja template beside the model does in transformers. Whoever
// sends chats to a model needs it. [FromSource] takes a template's source;
// package checkpoint finds the one of a model.
//
// Templates are programs. Those of the Llama-3, Mistral, Llama-2 and ChatML
// families are written here in Go and found by the sha256 of their source; any
// other is interpreted. An interpreted template reads no file, and it ends after
// a bounded number of steps and bytes, with an error if it isn't done by then.
// Both kinds are tested against what Jinja renders. The day is always
// [DefaultDate] unless the caller says otherwise, so that a prompt is the same
// tomorrow.
//
// [Rendered.Literal] says which bytes of the text came from the messages,
// whatever the template did with them. Handed on to the tokenizer, it keeps a
// user who writes <|eot_id|> from ending their turn.
package chat
