package jinja

// expression is a part of a template that has a value.
type expression interface {
	eval(r *run, s *scope) value
}

// statement is a part of a template that does something, such as write.
type statement interface {
	exec(r *run, s *scope) flow
}

// flow says how a statement ends.
type flow int

const (
	onward    flow = iota
	breaks         // out of the innermost loop
	continues      // with the loop's next item
)

// Expressions.
type (
	constant struct{ value value }
	variable struct{ name string }
	listOf   struct {
		items []expression
		tuple bool
	}
	dictOf    struct{ keys, values []expression }
	attribute struct {
		of   expression
		name string
	}
	item  struct{ of, key expression }
	slice struct{ of, from, to, step expression } // from, to and step may be nil
	call  struct {
		of        expression
		arguments argumentList
		line      int
	}
	filter struct {
		of        expression // blockText{} in a filter block or a block that sets
		name      string
		arguments argumentList
		line      int
	}
	test struct {
		of        expression
		name      string
		arguments argumentList
		line      int
	}
	unary struct {
		operator string // "not", "-" or "+"
		of       expression
	}
	binary struct {
		operator    string
		left, right expression
		line        int
	}
	// comparison is a chain, such as a < b < c.
	comparison struct {
		first     expression
		operators []string
		others    []expression
		line      int
	}
	conditional struct{ condition, then, otherwise expression } // otherwise may be nil
)

// argumentList is what stands between the parentheses of a call.
type argumentList struct {
	positional   []expression
	names        []string // of keywords
	named        []expression
	rest, byName expression // after * and **; may be nil
}

// Statements.
type (
	output struct{ text string }
	write  struct {
		of   expression
		line int
	}
	ifElse struct {
		conditions []expression
		bodies     [][]statement // the last, without a condition, is the else
		line       int
	}
	forLoop struct {
		target          target
		over, condition expression // condition may be nil
		body, otherwise []statement
		recursive       bool
		line            int
	}
	setValue struct {
		target target
		value  expression
		line   int
	}
	setBlock struct {
		target  target
		filters expression // may be nil
		body    []statement
		line    int
	}
	withBlock struct {
		targets []target
		values  []expression
		body    []statement
	}
	macro struct {
		name       string
		parameters []string
		defaults   []expression // of the last parameters
		body       []statement
		uses       map[string]bool // which of varargs, kwargs and caller
		line       int
	}
	callBlock struct {
		call   *call
		caller *macro
	}
	filterBlock struct {
		filters expression
		body    []statement
	}
	scoped  struct{ body []statement }
	jump    struct{ to flow }
	refused struct {
		what string
		line int
	}
)

// target is where a value is put: a name, an attribute of a namespace, or
// several targets that take a value apart.
type target struct {
	name, attribute string
	parts           []target
	isTuple         bool
}

// blockText is the text of a block on its way through filters.
type blockText struct{}
