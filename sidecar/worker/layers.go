package worker

import (
	"fmt"
	"slices"
	"strings"
)

// These are the layers that protect the machine from a worker process. Which of them exist
// depends on the system.
const (
	// LayerLifetime means that the system ends the worker process when its daemon ends.
	LayerLifetime = "lifetime"
	// LayerLimits means that the worker process cannot dump core, can open few descriptors and
	// can write only files of bounded size.
	LayerLimits = "limits"
	// LayerMemory means that the memory of the whole process is bounded.
	LayerMemory = "memory"
	// LayerNamespaces means that the worker process does not see the machine's network, mounts
	// and System V objects.
	LayerNamespaces = "namespaces"
	// LayerPrivileges means that no program that the worker process executes gains a
	// privilege.
	LayerPrivileges = "privileges"
	// LayerFiles means that the worker process can read and write only the files of its task, and that for its
	// tensors.
	LayerFiles = "files"
	// LayerCalls means that system calls that a program cannot need are refused.
	LayerCalls = "calls"
)

// Layers returns the names of the layers that an owner may demand.
func Layers() []string {
	return []string{LayerLifetime, LayerLimits, LayerMemory, LayerNamespaces, LayerPrivileges, LayerFiles, LayerCalls}
}

// Layer describes one layer as it was set up on this machine.
type Layer struct {
	Name string `json:"name"`
	// By is the mechanism of the system that provides it, for example "seccomp".
	By string `json:"by,omitempty"`
	// Missing explains why the layer is not in place. It is empty if it is in place.
	Missing string `json:"missing,omitempty"`
}

// stands returns a layer that was set up, or that is missing because of err.
func stands(name, by string, err error) Layer {
	layer := Layer{Name: name, By: by}
	if err != nil {
		layer.Missing = clip(err.Error(), maxDetail)
		if layer.Missing == "" {
			layer.Missing = "for an unknown reason"
		}
	}
	return layer
}

// complete returns one entry for every layer, in order. A layer that is not in found is
// missing.
func complete(found []Layer) []Layer {
	var list []Layer
	for _, name := range Layers() {
		at := slices.IndexFunc(found, func(l Layer) bool { return l.Name == name })
		if at < 0 {
			list = append(list, Layer{Name: name, Missing: "this system has no means for it that thetaedge uses"})
			continue
		}
		list = append(list, found[at])
	}
	return list
}

// lacking returns an error that names the demanded layers that are missing. It returns nil if
// all of them are in place.
func lacking(layers []Layer, demanded []string) error {
	var missing []string
	for _, layer := range layers {
		if layer.Missing != "" && slices.Contains(demanded, layer.Name) {
			missing = append(missing, fmt.Sprintf("%s (%s)", layer.Name, layer.Missing))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the owner demands layers around programs that this machine does not have: %s; set them up, or demand less in work.layers", strings.Join(missing, ", "))
}

// CheckLayers returns an error if a name is not that of a layer.
func CheckLayers(names []string) error {
	for _, name := range names {
		if !slices.Contains(Layers(), name) {
			return fmt.Errorf("expected layers out of %s, found %q", strings.Join(Layers(), ", "), name)
		}
	}
	return nil
}
