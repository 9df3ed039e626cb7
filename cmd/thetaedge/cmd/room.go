package cmd

import (
	"errors"
	"log/slog"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/store"
)

// isFull reports whether an error means that the disk has no space left.
func isFull(err error) bool {
	class, known := osfault.Of(err)
	return known && class == osfault.NoSpace
}

// tryRoom creates the folders of a home that the daemon writes to. A full disk does not keep the daemon from
// starting, because it can reveal what it has committed to; it takes nothing new until there is room.
func tryRoom(n *node, journal *store.Journal, logger *slog.Logger) error {
	try := func() error { return errors.Join(tryFolder(n.workDir()), tryFolder(n.cacheDir())) }
	err := try()
	if isFull(err) && journal.GiveReserve() {
		err = try()
	}
	if isFull(err) {
		logger.Error("the disk is full: this node reveals what it has committed to, and nothing new begins until there is room", "error", err)
		err = nil
	}
	if err == nil { // on a full disk too: room is kept again as soon as there is any
		if failed := journal.KeepReserve(device.FreeBytes); failed != nil {
			logger.Warn("no room is kept for the journal; if the disk becomes full, the node waits for room", "error", failed)
		}
	}
	return err
}

// announce tells other commands of this home where to ask the daemon. On a full disk they are not told.
func (d daemon) announce(home string, logger *slog.Logger) error {
	err := d.write(home)
	if isFull(err) {
		logger.Warn("other commands do not find this daemon until it is restarted", "error", err)
		return nil
	}
	return err
}
