package conformance

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// Options say how much is compared.
type Options struct {
	// Root is the folder of the repository, where the decoder and its text lie.
	Root string
	// Seed chooses the operations.
	Seed uint64
	// Operations is the number of random operations, Wide that of larger ones, of which products take the
	// kernels that compute tiles, and Prompts that of the decoder's answers.
	Operations, Wide, Prompts int
	// Stopped says that the work ends early, and what was compared is reported; it may be nil.
	Stopped func() bool
	// Progress is told now and then what is done; it may be nil.
	Progress func(format string, args ...any)
}

// Work is what each back end does, with what the reference has done.
type Work struct {
	options Options
	model   *model
	// outcomes, wide and answers are the digests of the reference, and reference its result.
	outcomes, wide, answers [][32]byte
	reference               Result
}

// New executes everything on the reference.
func New(o Options) (*Work, error) {
	if min(o.Operations, o.Wide, o.Prompts) < 0 || o.Operations+o.Wide+o.Prompts == 0 {
		return nil, fmt.Errorf("expected a number of operations, wide operations or prompts, found %d, %d and %d", o.Operations, o.Wide, o.Prompts)
	}
	if o.Stopped == nil {
		o.Stopped = func() bool { return false }
	}
	if o.Progress == nil {
		o.Progress = func(string, ...any) {}
	}
	w := &Work{options: o}
	var err error
	if o.Prompts > 0 {
		if w.model, err = openModel(o.Root, o.Prompts); err != nil {
			return nil, err
		}
	}
	w.reference = w.compare(Backend{Name: "reference", Open: func() (tensor.Device, error) { return ref.NewDevice(), nil }})
	if w.reference.Failure != "" {
		return nil, fmt.Errorf("the reference: %s", w.reference.Failure)
	}
	return w, nil
}

// operation returns a random operation.
func (w *Work) operation(i int) tensortest.Case {
	codes := tensor.Codes()
	code := codes[i%len(codes)]
	return tensortest.Draw(tensortest.NewSource(w.options.Seed<<40+uint64(i)<<8+uint64(code)), code) //nolint:gosec // an index
}

// wideOperation returns a random operation with more rows and columns.
func (w *Work) wideOperation(i int) tensortest.Case {
	kind := i % tensortest.WideKinds
	return tensortest.DrawWide(tensortest.NewSource(w.options.Seed<<40+1<<39+uint64(i)<<8+uint64(kind)), kind) //nolint:gosec // an index
}

// do executes everything on a device. It collects the digests of the reference the first time, and
// compares with them afterwards.
func (w *Work) do(d tensor.Device, r *Result) {
	operations := pass{work: w, result: r, want: &w.outcomes, count: w.options.Operations, what: "operations"}
	r.Operations, r.OperationsDigest = operations.run(func(i int) ([32]byte, error) {
		o, err := w.operation(i).Run(d)
		return o.Digest(), err
	}, func(i int) error { return w.operation(i).Same(d) })
	wide := pass{work: w, result: r, want: &w.wide, count: w.options.Wide, what: "wide operations"}
	r.Wide, r.WideDigest = wide.run(func(i int) ([32]byte, error) {
		o, err := w.wideOperation(i).Run(d)
		return o.Digest(), err
	}, func(i int) error { return w.wideOperation(i).Same(d) })
	prompts := pass{work: w, result: r, want: &w.answers, count: w.options.Prompts, what: "prompts"}
	r.Prompts, r.PromptsDigest = prompts.run(func(i int) ([32]byte, error) {
		a, err := w.model.answer(d, i)
		r.Tokens += a.tokens
		return a.digest, err
	}, func(i int) error { return w.model.same(d, i) })
}

// pass is a number of comparisons of one kind.
type pass struct {
	work   *Work
	result *Result
	want   *[][32]byte
	count  int
	what   string
}

// run returns the number of comparisons and the digest of what was done. It ends early if the device
// fails. explain says how a thing differs.
func (p pass) run(do func(i int) ([32]byte, error), explain func(i int) error) (done int, digest string) {
	var chain [32]byte
	first := len(*p.want) < p.count
	for i := range p.count {
		if p.work.options.Stopped() && p.result.Failure == "" {
			p.result.Failure = fmt.Sprintf("stopped after %d of %d %s", done, p.count, p.what)
		}
		if p.result.Failure != "" {
			break
		}
		found, err := do(i)
		if err != nil {
			p.result.Failure = fmt.Sprintf("%s, number %d: %v", p.what, i, err)
			break
		}
		switch {
		case first:
			*p.want = append(*p.want, found)
		case found != (*p.want)[i]:
			p.result.differ(p.what, i, explain(i))
		}
		chain = sha256.Sum256(slices.Concat(chain[:], found[:]))
		if done++; done%max(p.count/10, 1) == 0 {
			p.work.options.Progress("%s: %d of %d %s", p.result.Name, done, p.count, p.what)
		}
	}
	if done == 0 {
		return 0, ""
	}
	return done, fmt.Sprintf("%x", chain)
}
