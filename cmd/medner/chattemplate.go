package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/medner/medner/tokenizer/chat"
)

func newChatTemplate() *cobra.Command {
	var (
		path, messages, date string
		generation           bool
	)
	cmd := &cobra.Command{
		Use:  "chat-template",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := readMessages(cmd, messages)
			if err != nil {
				return err
			}
			text, err := openText(path)
			if err != nil {
				return err
			}
			template, err := text.Template()
			if err != nil {
				return err
			}
			rendered, err := template.Render(list, chat.Options{AddGenerationPrompt: generation, DateString: date})
			if err != nil {
				return err
			}
			noteFolding(cmd, rendered)
			_, err = fmt.Fprint(cmd.OutOrStdout(), rendered.Text)
			return err
		},
	}
	cmd.Flags().StringVar(&path, "model", "", "model `DIR` or GGUF file (default: the default model)")
	cmd.Flags().StringVar(&messages, "messages", "", "chat messages in a JSON `FILE` (-: standard input)")
	cmd.Flags().BoolVar(&generation, "add-generation-prompt", false, "end with the opening of the assistant's turn")
	cmd.Flags().StringVar(&date, "date-string", "", "the date that Llama 3 templates print (default: \"26 Jul 2024\")")
	cobra.CheckErr(cmd.MarkFlagRequired("messages"))
	return cmd
}

// noteFolding tells the user where a system message went that the template has no role
// for.
func noteFolding(cmd *cobra.Command, r chat.Rendered) {
	if r.SystemFolded {
		fmt.Fprintln(cmd.ErrOrStderr(), "medner: "+chat.FoldedNote)
	}
}
