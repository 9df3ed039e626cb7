package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/thetaedge/theta/executor/container"
)

// Container says whether and how container images are run, under container/1.
type Container struct {
	// Enabled reports whether the node takes jobs of container/1.
	Enabled bool `mapstructure:"enabled"`
	// Socket is the address of the container engine, such as "unix:///run/docker.sock".
	Socket string `mapstructure:"socket"`
	// GPUs contains the graphics cards that jobs with device memory get: UUIDs of NVIDIA cards, or names of
	// the Container Device Interface.
	GPUs []string `mapstructure:"gpus"`
	// CPUs is the number of cores of one program, 0 for all of them, and PIDs its number of processes.
	CPUs float64 `mapstructure:"cpus"`
	PIDs int64   `mapstructure:"pids"`
	// Images bounds the images that stay in the engine, and MaxImage one of them, when unpacked.
	Images   Bytes `mapstructure:"images"`
	MaxImage Bytes `mapstructure:"max-image"`
}

// ContainerRisk says what an owner accepts who enables containers.
const ContainerRisk = "programs of strangers then share the kernel of this machine; with container.gpus they also call the driver of the graphics card directly, and what they leave in its memory is not erased"

// defaultContainer is off.
func defaultContainer() Container {
	return Container{Socket: "unix:///var/run/docker.sock", GPUs: []string{}, PIDs: 1024, Images: 32 << 30, MaxImage: 16 << 30}
}

// maxPIDs is the highest number of processes that Linux has.
const maxPIDs = 1 << 22

func (c Container) validate() error {
	var errs []error
	expect := func(ok bool, key, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("container.%s: expected %s", key, fmt.Sprintf(format, args...)))
		}
	}
	scheme, path, found := strings.Cut(c.Socket, "://")
	expect(found && path != "" && (scheme == "unix" || scheme == "npipe"), "socket",
		"a socket of this machine such as unix:///var/run/docker.sock, found %q; an engine on another machine cannot see the files of this one", c.Socket)
	for _, gpu := range c.GPUs {
		expect(gpu != "" && strings.IndexFunc(gpu, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) < 0, "gpus",
			"the UUID of a card such as GPU-..., or a name such as nvidia.com/gpu=0, found %q", gpu)
	}
	expect(c.CPUs >= 0 && c.CPUs <= 4096, "cpus", "0 (all cores) to 4096, found %v", c.CPUs)
	expect(c.PIDs >= 16 && c.PIDs <= maxPIDs, "pids", "16 to %d, found %d", maxPIDs, c.PIDs)
	expect(c.Images >= 1<<20, "images", "at least 1MiB, found %s", c.Images)
	expect(c.MaxImage >= 1<<20 && c.MaxImage <= c.Images, "max-image", "1MiB to container.images (%s), found %s", c.Images, c.MaxImage)
	return errors.Join(errs...)
}

// containerRate is the fuel of container/1 per block if the owner has given none. One fuel is a nanosecond, so it is
// cautious as long as a block takes a second or more.
const containerRate = container.FuelPerSecond

// Rates reads policy.fuel-per-block, with a rate for container/1 if containers are enabled.
func (c Config) Rates() (Rates, error) {
	rates, err := c.Policy.Rates()
	if err != nil || rates.Of == nil || !c.Container.Enabled {
		return rates, err
	}
	if _, given := rates.Of[container.Profile]; !given {
		rates.Of[container.Profile] = containerRate
	}
	return rates, nil
}
