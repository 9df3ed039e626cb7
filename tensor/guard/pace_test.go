package guard

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// counted is the reference, which counts its submissions and reads.
type counted struct {
	*ref.Device

	submissions, calls, reads int
}

func (c *counted) New(s tensor.Shape) (tensor.Buffer, error) {
	b, err := c.Device.New(s)
	return countedBuffer{b.(*ref.Buffer), c}, err
}

func (c *counted) Submit(calls []tensor.Call) error {
	c.submissions, c.calls = c.submissions+1, c.calls+len(calls)
	for _, call := range calls {
		buffers := make([]tensor.Buffer, len(call.Buffers))
		for i, b := range call.Buffers {
			if b != nil {
				buffers[i] = b.(countedBuffer).Buffer
			}
		}
		if err := c.Device.Submit([]tensor.Call{{Op: call.Op, Buffers: buffers, Keys: call.Keys}}); err != nil {
			return err
		}
	}
	return nil
}

type countedBuffer struct {
	*ref.Buffer

	device *counted
}

func (b countedBuffer) Read(offset uint64, p []byte) error {
	b.device.reads++
	return b.Buffer.Read(offset, p)
}

// manyKinds submits calls that are each the first one of its kind.
func manyKinds(t *testing.T, d *Device, count int) {
	t.Helper()
	s := tensor.NewSession(d, 1<<30)
	for range 2 {
		_, err := s.Alloc(tensor.Shape{Type: tensor.S32, Count: 4})
		require.NoError(t, err)
	}
	ops := make([]tensor.Op, count)
	for i := range ops {
		ops[i] = &tensor.Clamp{X: at(0), Out: at(1), Count: 4, Low: int32(i)}
	}
	submission, err := s.Check(tensor.Encode(ops...))
	require.NoError(t, err)
	require.NoError(t, s.Run(submission))
	require.NoError(t, s.Wait())
}

// A requester chooses numbers, so that each call may be the first one of its kind. Once comparisons have
// taken their share of the time, such a program is one submission, as without guards.
func TestAProgramOfManyKindsIsNotSlowedDown(t *testing.T) {
	const count = 20_000
	c := &counted{Device: ref.NewDevice()}
	d := New(c, Config{})
	d.pace.compared = d.pace.grace + 24*time.Hour
	manyKinds(t, d, count)
	require.Equal(t, []int{1, count + 1, 1}, []int{c.submissions, c.calls, c.reads}, "one submission with its mark, which is read")
}

func TestEachKindIsComparedWhileThereIsTime(t *testing.T) {
	const count = 200
	c := &counted{Device: ref.NewDevice()}
	d := New(c, Config{})
	d.pace.all = 24 * time.Hour
	manyKinds(t, d, count)
	require.Equal(t, count, c.submissions)
	require.GreaterOrEqual(t, c.reads, 2*count)
	require.Positive(t, d.pace.compared, "comparisons count as time")
}

func TestComparisonsTakeAQuarterOfTheTimeAndAGrace(t *testing.T) {
	for _, c := range []struct {
		all, compared time.Duration
		allowed       bool
	}{{0, 0, true}, {0, time.Second, true}, {0, time.Second + 1, false}, {8 * time.Second, 3 * time.Second, true}, {8 * time.Second, 3*time.Second + 1, false}} {
		p := pace{grace: time.Second, all: c.all, compared: c.compared}
		require.Equal(t, c.allowed, p.allows(), c)
	}
}
