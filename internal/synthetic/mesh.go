// Package synthetic makes terminologies as large as real ones for benchmarks. The
// same seed gives the same terminology.
package synthetic

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// The morphemes that names are made of, so that their 3-grams are as unevenly
// spread as in real names.
var (
	chemicalHeads = strings.Fields("methyl ethyl propyl butyl phenyl benzyl hydroxy methoxy chloro fluoro bromo iodo amino nitro acetyl sulfo carboxy cyclo deoxy keto thio aza oxa iso neo nor di tri tetra hexa per poly mono trans cis")
	chemicalStems = strings.Fields("pyrid quinol indol imidazol thiazol oxazol pyrrol furan thiophen benz naphthal anthrac morph codein cortis pregn andr estr chol penic cephal mycin cyclin floxac statin sart prazol pril olol dipin azep barbit salicyl glutam aspart lys argin tryptoph tyros histid prolin serin threon valin leuc adenos guan cytid urid thymid glucos galact mann fruct lact malt sucr ribos xyl inosit lith sod potass calc magnes ferr cupr zinc mercur arsen selen")
	chemicalTails = strings.Fields("ine ol one ate ide amide amine azole idine icin ene ane yl oic-acid oside osine inate onium oxide chloride sulfate hydrochloride phosphate acetate mesylate tartrate maleate")
	qualifiers    = strings.Fields("acute chronic congenital idiopathic familial hereditary juvenile primary secondary progressive recurrent transient malignant benign autoimmune infectious drug-induced alcoholic diabetic hypertensive ischemic hemorrhagic necrotizing obstructive atrophic")
	organs        = strings.Fields("hepat nephr cardi gastr enter col pancreat splen encephal myel neur my arthr oste derm vascul arteri phleb lymph aden thyr mening retin kerat conjunctiv ot rhin laryng bronch pneum pleur cyst ureter urethr prostat orchi oophor salping endometr mamm thromb erythr leuk")
	conditions    = strings.Fields("itis osis oma pathy algia ectasia emia uria plegia trophy sclerosis stenosis malacia megaly ptosis rrhagia rrhea cele lithiasis blastoma sarcoma carcinoma")
	places        = strings.Fields("syndrome disease disorder deficiency toxicity failure insufficiency infarction hemorrhage neoplasms hypertension")
)

// Names makes the names of one concept after another.
type Names struct{ rng *rand.Rand }

// NewNames returns a generator.
func NewNames(seed uint64) *Names { return &Names{rand.New(rand.NewPCG(seed, 1))} }

func (n *Names) pick(of []string) string { return of[n.rng.IntN(len(of))] }

// Chemical returns a chemical's names, the preferred one first.
func (n *Names) Chemical() []string {
	var b strings.Builder
	for range 1 + n.rng.IntN(3) {
		if n.rng.IntN(2) == 0 {
			fmt.Fprintf(&b, "%d-", 1+n.rng.IntN(9))
		}
		b.WriteString(n.pick(chemicalHeads))
	}
	stem := n.pick(chemicalStems) + n.pick(chemicalTails)
	base := b.String() + stem
	names := []string{base, strings.ReplaceAll(base, "-", " "), fmt.Sprintf("%c%c-%d", 'A'+n.rng.IntN(26), 'A'+n.rng.IntN(26), 100+n.rng.IntN(100000))}
	if n.rng.IntN(2) == 0 {
		names = append(names, base+" "+n.pick(chemicalTails))
	}
	if n.rng.IntN(2) == 0 {
		names = append(names, stem+", "+b.String(), n.pick(chemicalHeads)+n.pick(chemicalStems)+n.pick(chemicalTails)+fmt.Sprintf(" %d", n.rng.IntN(1000)))
	}
	return names
}

// Disease returns a disease's names, the preferred one first.
func (n *Names) Disease() []string {
	base := n.pick(organs) + n.pick(conditions)
	qualifier, place := n.pick(qualifiers), n.pick(places)
	number := fmt.Sprintf(" type %d", 1+n.rng.IntN(40))
	full := qualifier + " " + base + " " + place + number
	return []string{full, base + " " + place + ", " + qualifier + number, qualifier + " " + base + number, place + " of " + base + number}
}

// MeSH writes a number of concepts in MeSH's XML. A tenth are descriptors, nine in
// ten of which are diseases; the others are supplementary records of chemicals.
func MeSH(descriptors, supplement io.Writer, concepts int, seed uint64) error {
	names := NewNames(seed)
	heads := concepts / 10
	d := bufio.NewWriterSize(descriptors, 1<<20)
	fmt.Fprint(d, "<?xml version=\"1.0\"?>\n<!DOCTYPE DescriptorRecordSet SYSTEM \"desc.dtd\">\n<DescriptorRecordSet LanguageCode=\"eng\">\n")
	for i := range heads {
		tree, of := fmt.Sprintf("C%02d.%03d.%03d", 1+i%26, i%1000, i/1000), names.Disease
		if i%10 == 0 {
			tree, of = fmt.Sprintf("D%02d.%03d.%03d", 1+i%27, i%1000, i/1000), names.Chemical
		}
		record(d, "Descriptor", fmt.Sprintf("D%06d", i+1), of(), "<TreeNumberList>\n<TreeNumber>"+tree+"</TreeNumber>\n</TreeNumberList>\n")
	}
	fmt.Fprint(d, "</DescriptorRecordSet>\n")
	if err := d.Flush(); err != nil {
		return err
	}
	s := bufio.NewWriterSize(supplement, 1<<20)
	fmt.Fprint(s, "<?xml version=\"1.0\"?>\n<SupplementalRecordSet LanguageCode=\"eng\">\n")
	for i := heads; i < concepts; i++ {
		record(s, "Supplemental", fmt.Sprintf("C%06d", i+1), names.Chemical(),
			fmt.Sprintf("<HeadingMappedToList><HeadingMappedTo><DescriptorReferredTo><DescriptorUI>*D%06d</DescriptorUI><DescriptorName><String>x</String></DescriptorName></DescriptorReferredTo></HeadingMappedTo></HeadingMappedToList>\n", 1+i%max(heads, 1)/10*10))
	}
	fmt.Fprint(s, "</SupplementalRecordSet>\n")
	return s.Flush()
}

// record writes one record; MeSH names a descriptor's elements DescriptorUI and
// DescriptorName, but a supplementary record's SupplementalRecordUI and so on.
func record(w io.Writer, kind, ui string, names []string, extra string) {
	element, class, stem := "DescriptorRecord", "DescriptorClass", "Descriptor"
	if kind == "Supplemental" {
		element, class, stem = "SupplementalRecord", "SCRClass", "SupplementalRecord"
	}
	const date = "<DateCreated>\n<Year>1999</Year>\n<Month>01</Month>\n<Day>01</Day>\n</DateCreated>\n"
	fmt.Fprintf(w, "<%s %s=\"1\">\n<%sUI>%s</%sUI>\n<%sName>\n<String>%s</String>\n</%sName>\n", element, class, stem, ui, stem, stem, names[0], stem)
	fmt.Fprintf(w, "%s%s<ConceptList>\n<Concept PreferredConceptYN=\"Y\">\n<ConceptUI>M%s</ConceptUI>\n<ConceptName>\n<String>%s</String>\n</ConceptName>\n<TermList>\n", date, extra, ui, names[0])
	for i, n := range names {
		fmt.Fprintf(w, "<Term ConceptPreferredTermYN=\"N\" IsPermutedTermYN=\"N\" LexicalTag=\"NON\" RecordPreferredTermYN=\"N\">\n<TermUI>T%s%d</TermUI>\n<String>%s</String>\n%s<ThesaurusIDlist>\n<ThesaurusID>NLM (1999)</ThesaurusID>\n</ThesaurusIDlist>\n</Term>\n", ui, i, n, date)
	}
	fmt.Fprintf(w, "</TermList>\n</Concept>\n</ConceptList>\n</%s>\n", element)
}
