package vulkan

import (
	"encoding/binary"

	"github.com/thetaedge/theta/tensor/table"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// tables are those of the profile on the device.
type tables struct {
	all   allocation
	spans map[plan.Table]span
}

func (d *Device) openTables() error {
	t := &d.tables
	t.spans = map[plan.Table]span{}
	var bytes []byte
	for i, entries := range [][]int32{table.Exp2(), table.Sigmoid(), table.Normal(), table.NormalTanh(), table.Tail()} {
		from := uint64(len(bytes))
		for _, entry := range entries {
			bytes = binary.LittleEndian.AppendUint32(bytes, uint32(entry))
		}
		t.spans[plan.Table(i+1)] = span{from, uint64(len(bytes))}
		bytes = append(bytes, make([]byte, unit-len(bytes)%unit)...)
	}
	var err error
	if t.all, err = d.allocate(uint64(len(bytes)), 0, memoryDeviceLocal); err != nil {
		return err
	}
	return d.upload(t.all.buffer, 0, bytes)
}

func (t *tables) close(d *Device) { t.all.close(d) }
