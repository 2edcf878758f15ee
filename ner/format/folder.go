package format

import (
	"fmt"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
)

// FolderWriter writes documents to files in a folder.
type FolderWriter interface {
	Writer
	// Abandon ends the writing instead of Close, and removes files that are not
	// complete.
	Abandon() error
}

// InFolder tells whether documents are written to a folder at path by
// [NewFolder], and not to one file: brat, XMI and CAS JSON have files for each
// document, and CSV and Parquet have several tables, unless path is a file, a stream
// ("" or "-") or has the extension of the format, where they have one table.
func InFolder(f Format, path string) bool {
	e := find(f)
	if e.folder == nil || !e.table {
		return e.folder != nil
	}
	if path == "" || path == "-" || OfExtension(path) == f {
		return false
	}
	info, err := files.Stat(path)
	return err != nil || info.IsDir()
}

// NewFolder returns a writer of a format for which [InFolder] is true into the
// folder dir, which is made if it is missing.
//
// Formats with files for each document name these after the documents' identifiers;
// a file of such a name that is there already, with another content, is left as it
// is and ends the writing. Tables replace those that are there when all are complete.
func NewFolder(dir string, o WriteOptions) (FolderWriter, error) {
	folder := find(o.Format).folder
	if folder == nil {
		return nil, badinput.New("", "format", fmt.Sprintf("%q", o.Format), "one that is written to a folder")
	}
	return folder(dir, o)
}
