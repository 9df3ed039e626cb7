package why

// Fact is something about the node that is known, or unknown for a reason. The zero value is
// unknown without a reason.
type Fact[T any] struct {
	value T
	known bool
	why   string
}

// Known returns a fact.
func Known[T any](value T) Fact[T] { return Fact[T]{value: value, known: true} }

// Unknown returns a fact that could not be found out because of an error.
func Unknown[T any](err error) Fact[T] {
	if err == nil {
		return Fact[T]{}
	}
	return Fact[T]{why: err.Error()}
}

// Get returns the value and whether it is known.
func (f Fact[T]) Get() (T, bool) { return f.value, f.known }

// Failed returns why the fact could not be found out. It returns "" if it is known, or if it was
// not asked for.
func (f Fact[T]) Failed() string { return f.why }

// of returns the fact that f's value or error makes.
func of[T any](value T, err error) Fact[T] {
	if err != nil {
		return Unknown[T](err)
	}
	return Known(value)
}
