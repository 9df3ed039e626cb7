package tensortest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// FuzzCompare runs a random case of each operation on the reference twice: the same bits.
func FuzzCompare(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		require.NoError(t, tensortest.Compare(ref.NewDevice(), seed, 1))
	})
}
