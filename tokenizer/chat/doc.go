// Package chat turns a conversation into the text that a model was trained to
// answer, as the Jinja template beside the model does in transformers.
//
// Templates are programs. Those of the Llama-3, Mistral, Llama-2 and ChatML
// families are written here in Go and found by the sha256 of their source; each
// is tested against what Jinja renders. A template that isn't known is refused,
// unless the caller asks for Jinja itself, see [WithFallback].
//
// [Rendered.Literal] says which bytes of the text came from the messages.
// Handed on to the tokenizer, it keeps a user who writes <|eot_id|> from ending
// their turn.
package chat
