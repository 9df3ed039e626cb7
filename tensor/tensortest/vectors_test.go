package tensortest_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

var update = flag.Bool("update", false, "write the vectors of the profile again: this makes another profile")

const published = "testdata/vectors.txt"

// The digests in testdata are the profile: an operation whose digest changes is another one.
func TestReferenceGivesThePublishedVectors(t *testing.T) {
	var lines strings.Builder
	for _, code := range tensor.Codes() {
		digest, err := tensortest.Vector(ref.NewDevice(), code)
		require.NoError(t, err)
		fmt.Fprintf(&lines, "%v %d %x\n", code, tensortest.Vectors, digest)
	}
	if *update {
		require.NoError(t, os.WriteFile(published, []byte(lines.String()), 0o600))
	}
	want, err := os.ReadFile(published)
	require.NoError(t, err)
	require.Equal(t, string(want), lines.String())
}

// wrong is the reference, except that it changes one bit of an output.
type wrong struct{ *ref.Device }

func (w wrong) Submit(calls []tensor.Call) error {
	if err := w.Device.Submit(calls); err != nil {
		return err
	}
	for _, call := range calls {
		last := call.Buffers[len(call.Buffers)-1].(*ref.Buffer)
		if last.S32 != nil {
			last.S32[len(last.S32)-1] ^= 1
		}
	}
	return nil
}

func TestCompareFindsAWrongBit(t *testing.T) {
	require.NoError(t, tensortest.Compare(ref.NewDevice(), 1, 2))
	require.ErrorContains(t, tensortest.Compare(wrong{ref.NewDevice()}, 1, 1), "expected byte")
}

// sums is the reference, except that its checksums are those of nothing.
type sums struct{ *ref.Device }

func (s sums) Wait() ([]uint64, error) {
	all, err := s.Device.Wait()
	return make([]uint64, len(all)), err
}

func TestCompareFindsAWrongChecksum(t *testing.T) {
	require.ErrorContains(t, tensortest.Compare(sums{ref.NewDevice()}, 1, 4), "expected the trace")
}

// The generator reaches what kernels get wrong: results of all kinds, not only zeros and bounds.
func TestCasesHaveResultsOfAllKinds(t *testing.T) {
	for _, code := range tensor.Codes() {
		changed := 0
		for seed := range uint64(40) {
			c := tensortest.Draw(tensortest.NewSource(seed<<32), code)
			o, err := c.Run(ref.NewDevice())
			require.NoError(t, err)
			differ := map[string]bool{}
			for i, after := range o.Tensors {
				if bytes.Equal(after, c.Tensors[i].Bytes) {
					continue
				}
				for j := 0; j+4 <= len(after); j += 4 {
					differ[string(after[j:j+4])] = true
				}
			}
			if len(differ) > 3 {
				changed++
			}
		}
		require.Greater(t, changed, 8, "%v: only %d of 40 cases have more than three results", code, changed)
	}
}
