package device

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	cpuinfo = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 158\nmodel name\t: Example CPU @ 3.00GHz\n\nprocessor\t: 1\nmodel name\t: Other\n"
	meminfo = "MemTotal:       16384 kB\nMemFree:        1 kB\n"
)

func TestProcessorAndMemoryAreRead(t *testing.T) {
	m := detect(rootWith(t, map[string]string{"proc/cpuinfo": cpuinfo, "proc/meminfo": meminfo}), NoGPUs{})
	require.Equal(t, Machine{
		OS: "linux", Arch: runtime.GOARCH, CPUModel: "Example CPU @ 3.00GHz", Cores: runtime.NumCPU(),
		MemoryBytes: 16 << 20, GPUs: []GPU{},
	}, m)
	require.Equal(t, m.CPUModel, m.Model())
	require.Zero(t, m.LeastGPUMemory())
}

func TestBoardsAreNamedByTheirDeviceTree(t *testing.T) {
	name, err := cpuModel(rootWith(t, map[string]string{
		"proc/cpuinfo": "processor\t: 0\nCPU implementer\t: 0x41\n", "proc/device-tree/model": "Example Board Rev 1\x00",
	}))
	require.NoError(t, err)
	require.Equal(t, "Example Board Rev 1", name)
}

func TestWhatIsNotToldIsUnknown(t *testing.T) {
	m := detect(t.TempDir(), NoGPUs{})
	require.Equal(t, Unknown, m.CPUModel)
	require.Zero(t, m.MemoryBytes)
	require.Len(t, m.Missing, 2)
	for name, text := range map[string]string{"no total": "MemFree: 1 kB\n", "no unit": "MemTotal: 5\n", "no number": "MemTotal: many kB\n", "too many": "MemTotal: 99999999999999999999 kB\n"} {
		_, err := memoryBytes(rootWith(t, map[string]string{"proc/meminfo": text}))
		require.ErrorContains(t, err, "MemTotal", name)
	}
}

func TestControlGroupsBoundMemory(t *testing.T) {
	files := map[string]string{
		"proc/meminfo": meminfo, "proc/self/cgroup": "1:name=systemd:/x\n0::/user/app\n",
		"sys/fs/cgroup/user/app/memory.max": "max\n", "sys/fs/cgroup/user/memory.max": "4194304\n",
	}
	got, err := memoryBytes(rootWith(t, files))
	require.NoError(t, err)
	require.EqualValues(t, 4<<20, got, "a parent's limit holds too")
	files["sys/fs/cgroup/user/memory.max"] = "99999999999\n"
	got, err = memoryBytes(rootWith(t, files))
	require.NoError(t, err)
	require.EqualValues(t, 16<<20, got, "a limit above what there is changes nothing")
}

func TestThisMachineIsDetected(t *testing.T) {
	m := Detect(NoGPUs{})
	require.Positive(t, m.Cores)
	require.Positive(t, m.MemoryBytes)
	require.NotEmpty(t, m.CPUModel)
}

// fakeGPUs is a driver that a test controls.
type fakeGPUs struct {
	NoGPUs
	list   []GPU
	energy map[string]uint64
	err    error
}

func (f *fakeGPUs) List() ([]GPU, error) { return f.list, f.err }

func (f *fakeGPUs) Energy(uuid string) (uint64, error) { return f.energy[uuid], f.err }

func TestBrokenGraphicsAreNotedAndTheRestKept(t *testing.T) {
	gpus := &fakeGPUs{list: []GPU{{UUID: "a", Model: "Big", MemoryBytes: 80}, {UUID: "b", Model: "Small", MemoryBytes: 8}}, err: errors.New("third one is lost")}
	m := detect(rootWith(t, map[string]string{"proc/cpuinfo": cpuinfo, "proc/meminfo": meminfo}), gpus)
	require.Equal(t, gpus.list, m.GPUs)
	require.EqualValues(t, 8, m.LeastGPUMemory())
	require.Equal(t, "Big", m.Model())
	require.Equal(t, []string{"graphics processors: third one is lost"}, m.Missing)
}

func TestModelFitsTheChain(t *testing.T) {
	long := "0123456789012345678901234567890123456789012345678901234567890é234"
	require.Greater(t, len(long), maxModelBytes)
	require.Equal(t, long[:63], Machine{CPUModel: long + "x"}.Model()[:63])
	require.LessOrEqual(t, len(Machine{CPUModel: long}.Model()), maxModelBytes)
	cut := Machine{CPUModel: "012345678901234567890123456789012345678901234567890123456789012é"}.Model()
	require.Len(t, cut, 63, "no character is cut in half")
	require.Equal(t, "GPU one é", Machine{CPUModel: "GPU\x07 one\u202e \xffé"}.Model(), "the chain refuses what cannot be printed")
	require.Equal(t, Unknown, Machine{CPUModel: "\x00"}.Model())
}
