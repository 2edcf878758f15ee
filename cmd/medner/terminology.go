package main

import (
	"bufio"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/terminology"
)

func newTerminology() *cobra.Command {
	cmd := &cobra.Command{
		Use:  "terminology",
		Args: commandsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTerminologyImport(), newTerminologyInfo(), newTerminologyLookup())
	return cmd
}

func newTerminologyImport() *cobra.Command {
	var (
		output, kind string
		asJSON       bool
		o            terminology.Options
	)
	cmd := &cobra.Command{
		Use:  "import -o INDEX FILES…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var sources []terminology.Source
			for _, path := range args {
				sources = append(sources, terminology.Source{Path: path, Format: terminology.Format(kind)})
			}
			progress := newProgress(cmd.ErrOrStderr(), args)
			defer progress.stop()
			o.Progress = progress.read
			info, err := terminology.Import(cmd.Context(), output, sources, o)
			progress.stop()
			if err != nil {
				return err
			}
			return printInfo(cmd.OutOrStdout(), info, asJSON)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&output, "out", "o", "", "`INDEX` file to write")
	choose(fs, &kind, "format", "", terminologyFormats(), "`FORMAT` of the files: "+strings.Join(terminologyFormats(), "|")+" (default: found out)")
	fs.StringVar(&o.Name, "name", "", "`NAME` of the terminology (default: the usual name for such files)")
	fs.StringVar(&o.Release, "release", "", "`RELEASE` of the terminology (default: what the files or their names say)")
	fs.StringVar(&o.Licence, "licence", "", "`LICENCE` of the terminology (default: the one that such files come under)")
	fs.StringSliceVar(&o.Languages, "language", []string{"ENG"}, "`LANGUAGES` of UMLS names to take")
	fs.StringSliceVar(&o.Vocabularies, "vocabulary", nil, "source `VOCABULARIES` (SAB) of UMLS names to take (default: all)")
	fs.BoolVar(&o.Suppressed, "suppressed", false, "take UMLS names that are marked as suppressed")
	fs.BoolVar(&asJSON, "json", false, "print JSON")
	cobra.CheckErr(cmd.MarkFlagRequired("out"))
	return cmd
}

func terminologyFormats() []string {
	var names []string
	for _, f := range terminology.Formats() {
		names = append(names, string(f))
	}
	return names
}

func newTerminologyInfo() *cobra.Command {
	var asJSON, check bool
	cmd := &cobra.Command{
		Use:  "info INDEX",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			x, err := terminology.Open(args[0])
			if err != nil {
				return err
			}
			defer x.Close()
			if check {
				if err := x.Verify(); err != nil {
					return err
				}
			}
			return printInfo(cmd.OutOrStdout(), x.Info(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	checkFlag(cmd, &check, "read the whole file and compare it with its hash")
	return cmd
}

func newTerminologyLookup() *cobra.Command {
	var (
		q      terminology.Query
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:  "lookup INDEX [MENTIONS…|-]",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			x, err := terminology.Open(args[0])
			if err != nil {
				return err
			}
			defer x.Close()
			mentions := slices.Values(args[1:])
			var readErr error
			if len(args) == 1 || len(args) == 2 && args[1] == "-" {
				mentions = func(yield func(string) bool) {
					in := bufio.NewScanner(cmd.InOrStdin())
					in.Buffer(nil, 1<<20)
					for in.Scan() && yield(in.Text()) {
					}
					if err := in.Err(); err != nil {
						readErr = badinput.Wrap("stdin", "mentions", err)
					}
				}
			}
			for text := range mentions {
				query := q
				query.Text = text
				matches, err := x.Lookup(query)
				if err != nil {
					return err
				}
				if err := printMatches(cmd.OutOrStdout(), text, matches, asJSON); err != nil {
					return err
				}
			}
			return readErr
		},
	}
	fs := cmd.Flags()
	choose(fs, &q.Type, "type", "", []string{terminology.Chemical, terminology.Disease}, "leave out concepts that are not of this type: `chemical|disease`")
	fs.StringToStringVar(&q.Abbreviations, "abbreviation", nil, "`SHORT=LONG` forms that the text defines")
	intFlag(fs, &q.Limit, "limit", terminology.DefaultLimit, 1, 100_000, "most matches of a mention")
	floatFlag(fs, &q.MinScore, "min-score", terminology.DefaultMinScore, notNegative, "least similarity of fuzzy matches (at least 0.7; above 1: none)")
	fs.BoolVar(&asJSON, "json", false, "print a JSON object for each mention")
	return cmd
}
