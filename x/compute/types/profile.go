package types

import (
	"slices"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// ProfileLimits are the upper limits of an executor profile for one task, on any machine. The
// profile defines them: its executor refuses a task beyond them, so that no node could ever
// take it.
type ProfileLimits struct {
	// ProgramBytes is the largest program.
	ProgramBytes uint64
	// Fuel, MemoryBytes, OutputBytes and DeviceBytes bound what Resources may request.
	Fuel, MemoryBytes, OutputBytes, DeviceBytes uint64
	// Env contains the variables that the profile itself sets. A spec must not set them.
	Env []string
	// Untraced means that a run leaves no trace that shows who executed the program. A judge could
	// then repeat a result that it has seen, so no result of the profile is ever slashed.
	Untraced bool
}

// LimitsOf returns the limits of a profile. The second result is false if this chain does not
// know the profile.
func LimitsOf(executor string) (ProfileLimits, bool) {
	wasm := ProfileLimits{ProgramBytes: 32 << 20, Fuel: 1 << 62, MemoryBytes: 4 << 30, OutputBytes: 4 << 30, Env: []string{"PWD", "TMPDIR", "HOME"}}
	switch executor {
	case "wasm/1":
		return wasm, true
	case "tensor/1":
		tensor := wasm
		tensor.DeviceBytes = maxSizeBytes
		return tensor, true
	case "container/1":
		return ProfileLimits{
			ProgramBytes: maxSizeBytes, Fuel: 1 << 62, MemoryBytes: maxSizeBytes, OutputBytes: maxSizeBytes, DeviceBytes: maxSizeBytes,
			Env: []string{"HOME", "TMPDIR", "THETA_SEED", "NVIDIA_VISIBLE_DEVICES"}, Untraced: true,
		}, true
	default:
		return ProfileLimits{}, false
	}
}

// untraced reports whether a run under a profile leaves no trace.
func untraced(executor string) bool {
	limits, _ := LimitsOf(executor)
	return limits.Untraced
}

// CheckProfile checks a spec against the limits of its executor profile. It returns
// ErrInvalidSpec with a text that names the limit, or ErrUnsupported for a policy that the profile
// cannot support.
func (s *JobSpec) CheckProfile() error {
	limits, known := LimitsOf(s.Executor)
	if !known {
		return nil
	}
	for _, n := range []struct {
		name        string
		asked, most uint64
	}{
		{"program: size", s.Program.Size_, limits.ProgramBytes},
		{"resources: fuel", s.Resources.Fuel, limits.Fuel},
		{"resources: memory_bytes", s.Resources.MemoryBytes, limits.MemoryBytes},
		{"resources: output_bytes", s.Resources.OutputBytes, limits.OutputBytes},
		{"resources: device_bytes", s.Resources.DeviceBytes, limits.DeviceBytes},
	} {
		if n.asked > n.most {
			return ErrInvalidSpec.Wrapf("%s: the profile %s takes at most %d, found %d", n.name, s.Executor, n.most, n.asked)
		}
	}
	if limits.Untraced && s.Policy.OwnRisk {
		return ErrUnsupported.Wrapf("policy: own_risk: a run under %s leaves no trace that shows who executed the program, so its results are never slashed; leave own_risk out", s.Executor)
	}
	for _, v := range s.Env {
		if slices.Contains(limits.Env, v.Name) {
			return ErrInvalidSpec.Wrapf("env: %s is set by the profile %s; choose another name", v.Name, s.Executor)
		}
	}
	return nil
}

// CheckClass checks a spec against the limits of its hardware class. It returns ErrInvalidSpec: the
// devices of the class could not hold the tensors of a task.
func (s *JobSpec) CheckClass(class edgenodetypes.HardwareClass) error {
	if found, most := s.Resources.DeviceBytes, class.DeviceBytes; most > 0 && found > most {
		return ErrInvalidSpec.Wrapf("resources: device_bytes: the class %s takes at most %d, found %d; choose a class of larger devices", class.Id, most, found)
	}
	return nil
}

// InputBytes returns the size of program and inputs of one task together, in bytes.
func (s *JobSpec) InputBytes() uint64 {
	total := s.Program.Size_
	for i := range s.Inputs {
		total += s.Inputs[i].Blob.Size_
	}
	if s.ArrayInput != nil {
		total += s.ArrayInput.MaxBytes
	}
	return total
}
