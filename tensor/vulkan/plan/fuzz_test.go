package plan_test

import (
	"testing"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// FuzzPlan divides operations of strangers: no dispatch binds what lies outside of a tensor.
func FuzzPlan(f *testing.F) {
	for _, code := range tensor.Codes() {
		f.Add(tensor.Encode(tensortest.Draw(tensortest.NewSource(uint64(code)), code).Op))
		f.Add(tensor.Encode(tensortest.Large(code).Op))
	}
	const count = 1 << 22
	types := tensor.Types()
	shape := func(h tensor.Handle) tensor.Shape { return tensor.Shape{Type: types[int(h)%len(types)], Count: count} }
	f.Fuzz(func(t *testing.T, records []byte) {
		ops, err := tensor.Decode(records)
		if err != nil {
			return
		}
		if err := tensor.Validate(ops, func(h tensor.Handle) (tensor.Shape, bool) { return shape(h), h != 0 }); err != nil {
			return
		}
		for _, op := range ops {
			for _, l := range []plan.Limits{guaranteed(), {Range: 1 << 20, Groups: [3]uint64{1000, 1000, 1000}, Work: 1 << 22}} {
				parts, _ := plan.Of(op, typesOf(op, shape), l)
				within(t, parts, l, func(i int) uint64 {
					s := shape(tensor.Operands(op)[i].Tensor)
					return s.Type.Bytes(s.Count)
				})
			}
		}
	})
}
