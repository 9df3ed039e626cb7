package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/container"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/device"
)

// containersDir returns the folder with the files of the containers while they run.
func (n *node) containersDir() string { return filepath.Join(n.home, "containers") }

// newContainers returns the executor of container/1, or nil if the owner has not enabled it. The daemon itself talks to
// the engine: no code of a stranger is in its process. web fetches images from registries.
func newContainers(n *node, web *http.Client, logger *slog.Logger) (*container.Executor, error) {
	c := n.config.Container
	if !c.Enabled {
		return nil, nil //nolint:nilnil // off is no error
	}
	home := sha256.Sum256([]byte(n.home))
	return container.New(container.Config{
		Socket: c.Socket, Dir: n.containersDir(), Home: hex.EncodeToString(home[:12]), Slots: n.config.Policy.MaxJobs,
		CPUs: c.CPUs, PIDs: c.PIDs, ImageBytes: uint64(c.Images), MaxImageBytes: uint64(c.MaxImage), GPUs: c.GPUs,
		HTTP: web, FetchTime: n.config.Work.TransferLimit, Free: device.FreeBytes, Logger: logger,
	})
}

// containerHealth says whether container/1 is enabled, and what the executor has found out then. It touches no
// container.
func containerHealth(ctx context.Context, n *node) (found executor.Fingerprint, enabled bool) {
	if !n.config.Container.Enabled {
		return executor.Fingerprint{}, false
	}
	return container.Probe(ctx, n.config.Container.Socket), true
}

// checkContainers shows what the engine for container/1 lacks, and which risk the owner takes.
func checkContainers(ctx context.Context, r *report, n *node) {
	found, enabled := containerHealth(ctx, n)
	switch {
	case !enabled:
		r.line(good, container.Profile, "off, so that no container images of strangers are run; if container.enabled turns it on, %s", config.ContainerRisk)
		return
	case found.Health != executor.Healthy:
		r.line(unsure, container.Profile, "this node does not take its jobs: %s", found.Detail)
	default:
		r.line(good, container.Profile, "%s; no program was run to test it", found.Engine)
	}
	r.line(unsure, container.Profile, "container.enabled is on: %s", config.ContainerRisk)
	if gpus := n.config.Container.GPUs; len(gpus) > 0 {
		r.line(unsure, container.Profile, "jobs get the graphics cards %s", strings.Join(gpus, ", "))
	}
}
