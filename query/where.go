package query

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/photogo/photogo/contract"
	"github.com/photogo/photogo/photosdb"
)

// ErrWhere says that a text is no expression over the facts of an asset; the message
// points at the place.
var ErrWhere = errors.New("not a condition")

// Where is a condition over the facts of an asset: an expression of the language of
// github.com/expr-lang/expr over the keys of docs/JSON.md. What is unknown is as
// contract.View tells it: it equals nothing, and is neither more nor less.
type Where struct {
	text    string
	program *vm.Program
	view    *contract.View
}

// Limits of an expression, so that it ends soon whatever an asset holds.
const (
	maxWhere   = 10_000 // bytes
	maxNodes   = 1_000
	maxNesting = 3 // conditions on the items of a list within each other
)

// builtins are the functions of the language that are offered. Those that make a text or
// a list longer than what an asset holds are not among them.
var builtins = []string{
	"all", "any", "one", "none", "filter", "map", "count", "len", "sum", "mean", "min", "max",
	"lower", "upper", "trim", "hasPrefix", "hasSuffix", "abs", "ceil", "floor", "round", "int", "float", "first", "last",
}

// ParseWhere reads a condition. It is checked completely: each key, and the types of all
// that is compared. now is the moment that now() and time("90d") speak of. Errors:
// ErrWhere.
func ParseWhere(text string, now time.Time) (w *Where, err error) {
	defer func() {
		if problem := recover(); problem != nil { // of the language's compiler
			w, err = nil, fmt.Errorf("%w: %v", ErrWhere, problem)
		}
	}()
	if len(text) > maxWhere {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrWhere, maxWhere)
	}
	_, facts := contract.Keys()
	limits, used := &limits{}, &mentioned{known: facts, used: map[string]bool{}}
	options := []expr.Option{
		expr.Env(facts), expr.AsBool(), expr.MaxNodes(maxNodes), expr.DisableAllBuiltins(),
		expr.Function("now", func(...any) (any, error) { return now, nil }, new(func() time.Time)),
		expr.Function("time", func(args ...any) (any, error) { return ParseSince(args[0].(string), now) }, new(func(string) time.Time)),
		expr.Function("known", func(args ...any) (any, error) { return known(reflect.ValueOf(args[0])), nil }, new(func(any) bool)),
		expr.Function("days", span(24*time.Hour), new(func(float64) time.Duration)),
		expr.Function("hours", span(time.Hour), new(func(float64) time.Duration)),
		expr.Patch(limits), expr.Patch(used),
	}
	for _, name := range builtins {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(text, options...)
	if err == nil && limits.err != nil {
		err = limits.err.Bind(file.NewSource(text))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWhere, plainly(err))
	}
	w = &Where{text: text, program: program}
	if w.view, err = contract.NewView(used.list()...); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWhere, err)
	}
	return w, nil
}

// span makes a length of time of a number of units.
func span(unit time.Duration) func(args ...any) (any, error) {
	return func(args ...any) (any, error) {
		n, ok := args[0].(float64)
		if i, is := args[0].(int); is {
			n, ok = float64(i), true
		}
		if length := n * float64(unit); ok && math.Abs(length) < math.MaxInt64 {
			return time.Duration(length), nil
		}
		return nil, fmt.Errorf("%v is no number of days or hours", args[0])
	}
}

// How the language names the type of an object: by all its fields, among which are
// objects that are named so.
var (
	structText = regexp.MustCompile(`struct \{ (?:F\d+ [\w.\[\]]+ "[^ ]+"(?:; )?)+ \}`)
	fieldText  = regexp.MustCompile(`type object has no field (\w+)`)
)

// plainly says without types of Go what is wrong with an expression.
func plainly(err error) error {
	if at := (*file.Error)(nil); errors.As(err, &at) {
		at.Message = withoutTypes(at.Message)
		return err
	}
	return errors.New(withoutTypes(err.Error())) // of the condition as a whole
}

func withoutTypes(message string) string {
	for last := ""; last != message; { // the innermost first
		last, message = message, structText.ReplaceAllString(message, "object")
	}
	return fieldText.ReplaceAllString(message, "there is no key $1 here")
}

// String returns the condition as it was written.
func (w *Where) String() string { return w.text }

// Include is what has to be read of an asset for the condition.
func (w *Where) Include() photosdb.Include { return w.view.Include() }

// Match reports whether the condition holds for an asset. The error names the asset: an
// expression can still fail, as where it asks for the first item of an empty list.
func (w *Where) Match(a *photosdb.Asset) (is bool, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
		if err != nil {
			is, err = false, fmt.Errorf("%w for asset %s: %w", ErrWhere, a.UUID, err)
		}
	}()
	out, err := expr.Run(w.program, w.view.Of(a))
	if err != nil {
		return false, err
	}
	is, ok := out.(bool)
	if !ok {
		return false, fmt.Errorf("it gives %T", out)
	}
	return is, nil
}

// known reports whether a fact is: a text or list that is not empty, a number that is
// one, a moment that is not zero, an object of which something is known.
func known(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return false
	case reflect.Slice, reflect.Map:
		return v.Len() > 0
	case reflect.Float64:
		return !math.IsNaN(v.Float())
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return !t.IsZero()
		}
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() != reflect.Bool && f.Kind() != reflect.Int && known(f) {
				return true
			}
		}
		return false
	case reflect.Bool, reflect.Int:
		return true
	}
	return !v.IsZero()
}

// limits refuses what could take long. It sees inner nodes before outer ones.
type limits struct{ err *file.Error }

// Visit implements ast.Visitor.
func (l *limits) Visit(node *ast.Node) {
	refuse := func(why string) {
		if l.err == nil {
			l.err = &file.Error{Location: (*node).Location(), Message: why}
		}
	}
	switch n := (*node).(type) {
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		refuse("a condition is one expression, without variables")
	case *ast.NilNode:
		refuse("nothing is nil: known(KEY) asks whether there is something")
	case *ast.BinaryNode:
		_, constant := n.Right.(*ast.StringNode)
		switch {
		case n.Operator == "??":
			refuse("nothing is nil, so that there is no use in ??")
		case n.Operator == "..":
			refuse("there are no ranges")
		case n.Operator == "matches" && !constant:
			refuse("matches needs a pattern in quotes")
		}
	case *ast.BuiltinNode:
		if nesting(n) > maxNesting {
			refuse(fmt.Sprintf("more than %d conditions on items within each other", maxNesting))
		}
	}
}

// nesting is how many predicates stand within each other.
func nesting(node ast.Node) int {
	c := &deepest{}
	c.walk(reflect.ValueOf(node), 0)
	return c.most
}

type deepest struct{ most int }

func (d *deepest) walk(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if node, ok := v.Interface().(ast.Node); ok {
			if _, is := node.(*ast.PredicateNode); is {
				depth++
				d.most = max(d.most, depth)
			}
			d.walk(reflect.ValueOf(node).Elem(), depth)
		}
	case reflect.Slice:
		for i := range v.Len() {
			d.walk(v.Index(i), depth)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !f.Anonymous {
				d.walk(v.Field(i), depth)
			}
		}
	}
}

// mentioned collects the keys that an expression mentions.
type mentioned struct {
	known map[string]any
	used  map[string]bool
}

// Visit implements ast.Visitor.
func (n *mentioned) Visit(node *ast.Node) {
	if id, ok := (*node).(*ast.IdentifierNode); ok {
		if _, is := n.known[id.Value]; is {
			n.used[id.Value] = true
		}
	}
}

func (n *mentioned) list() (list []string) {
	all, _ := contract.Keys()
	for _, name := range all {
		if n.used[name] {
			list = append(list, name)
		}
	}
	return list
}

// anyOf reports whether one of several conditions holds.
func anyOf(list []*Where, a *photosdb.Asset) (bool, error) {
	for _, w := range list {
		if is, err := w.Match(a); is || err != nil {
			return is, err
		}
	}
	return false, nil
}
