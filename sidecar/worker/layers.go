package worker

import (
	"fmt"
	"slices"
	"strings"
)

// The layers around a worker. Which of them exist depends on the system.
const (
	// LayerLifetime: the system ends the worker when its daemon ends.
	LayerLifetime = "lifetime"
	// LayerLimits: no core dumps, few descriptors, bounded files.
	LayerLimits = "limits"
	// LayerMemory: the memory of the whole process is bounded.
	LayerMemory = "memory"
	// LayerNamespaces: no network, no mounts, no System V objects of the machine.
	LayerNamespaces = "namespaces"
	// LayerPrivileges: nothing that the worker executes gains a privilege.
	LayerPrivileges = "privileges"
	// LayerFiles: the worker reads and writes the files of its task alone.
	LayerFiles = "files"
	// LayerCalls: the system calls that a program cannot need are refused.
	LayerCalls = "calls"
)

// Layers lists the names that an owner may demand.
func Layers() []string {
	return []string{LayerLifetime, LayerLimits, LayerMemory, LayerNamespaces, LayerPrivileges, LayerFiles, LayerCalls}
}

// Layer is one wall around a worker, as it was set up on this machine.
type Layer struct {
	Name string `json:"name"`
	// By is the means that the system has for it, such as "seccomp".
	By string `json:"by,omitempty"`
	// Missing is why it does not stand; empty when it does.
	Missing string `json:"missing,omitempty"`
}

// stands is a layer that was set up, or the reason why it was not.
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

// complete returns one entry for every layer, in order; what nobody mentions is missing.
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

// lacking says which demanded layers do not stand; nil when all do.
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

// CheckLayers refuses names that are no layers.
func CheckLayers(names []string) error {
	for _, name := range names {
		if !slices.Contains(Layers(), name) {
			return fmt.Errorf("expected layers out of %s, found %q", strings.Join(Layers(), ", "), name)
		}
	}
	return nil
}
