package cuda

import (
	"encoding/binary"

	"github.com/thetaedge/theta/tensor/table"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// tables are those of the profile on the card.
type tables struct {
	all    span
	places map[plan.Table]window
}

// window is a range of bytes.
type window struct{ from, to uint64 }

func (d *Device) openTables() error {
	t := &d.tables
	t.places = map[plan.Table]window{}
	var bytes []byte
	for i, entries := range [][]int32{table.Exp2(), table.Sigmoid(), table.Normal(), table.NormalTanh(), table.Tail()} {
		from := uint64(len(bytes))
		for _, entry := range entries {
			bytes = binary.LittleEndian.AppendUint32(bytes, uint32(entry))
		}
		t.places[plan.Table(i+1)] = window{from, uint64(len(bytes))}
		bytes = append(bytes, make([]byte, unit-len(bytes)%unit)...)
	}
	var err error
	if t.all, err = d.allocate(uint64(len(bytes))); err != nil {
		return err
	}
	return d.upload(t.all.at, bytes)
}
