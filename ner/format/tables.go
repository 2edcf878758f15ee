package format

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/ner/document"
)

// The rows of the tables that CSV and Parquet have, a type for each table. A column
// has the name in its field's tag; a pointer that is nil stands for a value that is
// missing, or that is unknown.
type (
	// documentRow has an article and how it was annotated.
	documentRow struct {
		Document           string   `parquet:"document"`
		TextSHA256         string   `parquet:"text_sha256"` // in hex
		Year               *int64   `parquet:"year,optional"`
		PMID               string   `parquet:"pmid"`
		PMC                string   `parquet:"pmc"`
		DOI                string   `parquet:"doi"`
		Journal            string   `parquet:"journal,dict"`
		Properties         string   `parquet:"properties"` // all of them, as an object of JSON
		Entities           int64    `parquet:"entities"`   // how many there are
		Relations          int64    `parquet:"relations"`
		Dropped            int64    `parquet:"dropped"`
		Model              string   `parquet:"model,dict"`
		Adapter            string   `parquet:"adapter,dict"`
		Weights            string   `parquet:"weights,dict"`
		Precision          string   `parquet:"precision,dict"`
		Method             string   `parquet:"method,dict"`
		Engine             string   `parquet:"engine,dict"`
		Calibrated         bool     `parquet:"calibrated"`
		Terminology        string   `parquet:"terminology,dict"`
		TerminologyRelease string   `parquet:"terminology_release,dict"`
		TerminologySHA256  string   `parquet:"terminology_sha256,dict"`
		Warnings           []string `parquet:"warnings,list"`
	}
	// entityRow has an occurrence of a mention. Offsets count code points.
	entityRow struct {
		Document    string    `parquet:"document,dict"`
		ID          string    `parquet:"id"`
		Type        string    `parquet:"type,dict"`
		Text        string    `parquet:"text,dict"`
		Start       *int64    `parquet:"start,optional"` // of the first part
		End         *int64    `parquet:"end,optional"`   // of the last part
		Starts      []int64   `parquet:"starts,list"`    // of all parts of a discontinuous mention
		Ends        []int64   `parquet:"ends,list"`
		Concepts    []string  `parquet:"concepts,list"`
		Confidence  *float64  `parquet:"confidence,optional"`
		Grounded    bool      `parquet:"grounded"`
		Normalized  string    `parquet:"normalized,dict"`
		LinkIDs     []string  `parquet:"link_ids,list"`
		LinkNames   []string  `parquet:"link_names,list"`
		LinkMethods []string  `parquet:"link_methods,list"`
		LinkScores  []float64 `parquet:"link_scores,list"`
	}
	// relationRow has a relation, with the concepts that its article has for both
	// sides.
	relationRow struct {
		Document         string   `parquet:"document,dict"`
		ID               string   `parquet:"id"`
		Type             string   `parquet:"type,dict"`
		Chemical         string   `parquet:"chemical,dict"`
		Disease          string   `parquet:"disease,dict"`
		ChemicalConcepts []string `parquet:"chemical_concepts,list"`
		DiseaseConcepts  []string `parquet:"disease_concepts,list"`
		ChemicalEntity   string   `parquet:"chemical_entity"` // the id of an entity
		DiseaseEntity    string   `parquet:"disease_entity"`
		Confidence       *float64 `parquet:"confidence,optional"`
		Grounded         bool     `parquet:"grounded"`
	}
	// droppedRow has an item of the model's answer that the result leaves out.
	droppedRow struct {
		Document string `parquet:"document,dict"`
		Task     string `parquet:"task,dict"`
		Text     string `parquet:"text"`
		Reason   string `parquet:"reason,dict"`
	}
	// itemRow has any of these, for an output that is one table.
	itemRow struct {
		Document        string    `parquet:"document,dict"`
		Kind            string    `parquet:"kind,dict"`
		Type            string    `parquet:"type,dict"` // of a dropped item: its task
		Text            string    `parquet:"text"`      // of a relation: the chemical
		Disease         string    `parquet:"disease"`
		Start           *int64    `parquet:"start,optional"`
		End             *int64    `parquet:"end,optional"`
		Starts          []int64   `parquet:"starts,list"`
		Ends            []int64   `parquet:"ends,list"`
		Concepts        []string  `parquet:"concepts,list"` // of a relation: the chemical's
		DiseaseConcepts []string  `parquet:"disease_concepts,list"`
		Confidence      *float64  `parquet:"confidence,optional"`
		Grounded        bool      `parquet:"grounded"`
		Normalized      string    `parquet:"normalized"`
		LinkIDs         []string  `parquet:"link_ids,list"`
		LinkNames       []string  `parquet:"link_names,list"`
		LinkMethods     []string  `parquet:"link_methods,list"`
		LinkScores      []float64 `parquet:"link_scores,list"`
		Reason          string    `parquet:"reason"`
	}
)

// What the tables hold of any document: those of a folder, and the only one of a file.
const (
	tablesHold = tableHolds | hasIDs | hasInfons | hasRelationIDs | hasRelationMentions | hasRun
	tableHolds = hasOverlaps | hasEdges | hasDiscontinuous | hasUngrounded | hasConcepts | hasNormalized | hasConfidence | hasLinks | hasRelations | hasDropped | hasLineBreaks | hasGaps
)

func newDocumentRow(r *document.Result) documentRow {
	row := documentRow{
		Document: r.ID, TextSHA256: r.TextSHA256, PMID: r.Infons["pmid"], PMC: r.Infons["pmc"], DOI: r.Infons["doi"], Journal: r.Infons["journal"],
		Entities: int64(len(r.Entities)), Relations: int64(len(r.Relations)), Dropped: int64(len(r.Dropped)),
		Model: r.Model.Name, Adapter: r.Model.Adapter, Weights: r.Model.Weights, Precision: r.Model.Precision, Method: r.Model.Method, Engine: r.Model.Engine,
		Calibrated: r.Calibrated, Warnings: r.Warnings,
	}
	if row.TextSHA256 == "" {
		row.TextSHA256 = textHash(r.Text)
	}
	if year, err := strconv.ParseInt(r.Infons[yearInfon], 10, 64); err == nil {
		row.Year = &year
	}
	if len(r.Infons) > 0 {
		properties, _ := json.Marshal(r.Infons) // a map of strings always is JSON
		row.Properties = string(properties)
	}
	if t := r.Terminology; t != nil {
		row.Terminology, row.TerminologyRelease, row.TerminologySHA256 = t.Name, t.Release, t.Hash
	}
	return row
}

func newEntityRow(doc string, e *document.Entity) entityRow {
	row := entityRow{Document: doc, ID: e.ID, Type: e.Type, Text: e.Text, Concepts: concepts(e), Confidence: known(e.Confidence), Grounded: e.Grounded, Normalized: e.Normalized}
	for _, s := range e.Spans {
		row.Starts = append(row.Starts, int64(s.Start))
		row.Ends = append(row.Ends, int64(s.End))
	}
	if n := len(e.Spans); n > 0 {
		row.Start, row.End = &row.Starts[0], &row.Ends[n-1]
	}
	for _, l := range e.Links {
		score := l.Score
		if math.IsNaN(score) {
			score = 0
		}
		row.LinkIDs = append(row.LinkIDs, l.ID)
		row.LinkNames = append(row.LinkNames, l.Name)
		row.LinkMethods = append(row.LinkMethods, l.Method)
		row.LinkScores = append(row.LinkScores, score)
	}
	return row
}

func newRelationRow(r *document.Result, x *document.Relation) relationRow {
	return relationRow{
		Document: r.ID, ID: x.ID, Type: x.Type, Chemical: x.Chemical, Disease: x.Disease, ChemicalEntity: x.ChemicalEntity, DiseaseEntity: x.DiseaseEntity,
		ChemicalConcepts: conceptsOf(r.Entities, x.Chemical, x.ChemicalEntity), DiseaseConcepts: conceptsOf(r.Entities, x.Disease, x.DiseaseEntity),
		Confidence: known(x.Confidence), Grounded: x.Grounded,
	}
}

// conceptsOf returns the concepts of a side of a relation, which is named by the text
// of a mention, by a concept, or by the identifier of an entity.
func conceptsOf(entities []document.Entity, side, id string) []string {
	for i := range entities {
		e := &entities[i]
		ids := concepts(e)
		switch {
		case id != "" && e.ID == id:
			return ids
		case id == "" && slices.Contains(ids, side):
			return []string{side}
		case id == "" && len(ids) > 0 && (strings.EqualFold(e.Text, side) || e.Normalized != "" && e.Normalized == strings.ToLower(side)):
			return ids
		}
	}
	return nil
}

// itemRows returns the rows of a document, one at least.
func itemRows(r *document.Result) []itemRow {
	var rows []itemRow
	for i := range r.Entities {
		e := newEntityRow(r.ID, &r.Entities[i])
		rows = append(rows, itemRow{
			Document: r.ID, Kind: kindEntity, Type: e.Type, Text: e.Text, Start: e.Start, End: e.End, Starts: e.Starts, Ends: e.Ends, Concepts: e.Concepts, Confidence: e.Confidence,
			Grounded: e.Grounded, Normalized: e.Normalized, LinkIDs: e.LinkIDs, LinkNames: e.LinkNames, LinkMethods: e.LinkMethods, LinkScores: e.LinkScores,
		})
	}
	for i := range r.Relations {
		x := newRelationRow(r, &r.Relations[i])
		rows = append(rows, itemRow{
			Document: r.ID, Kind: kindRelation, Type: x.Type, Text: x.Chemical, Disease: x.Disease, Concepts: x.ChemicalConcepts, DiseaseConcepts: x.DiseaseConcepts,
			Confidence: x.Confidence, Grounded: x.Grounded,
		})
	}
	for _, d := range r.Dropped {
		rows = append(rows, itemRow{Document: r.ID, Kind: kindDropped, Type: d.Task, Text: d.Text, Reason: d.Reason})
	}
	if len(rows) == 0 {
		rows = append(rows, itemRow{Document: r.ID, Kind: kindDocument})
	}
	return rows
}
