package service

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// healthLimit is the time in which a daemon of this machine has to answer.
const healthLimit = 10 * time.Second

// Health asks a daemon at the address of its API (host:port) whether it is healthy. Otherwise the
// error is the daemon's reason, or says that the daemon does not answer.
func Health(ctx context.Context, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("api.http: expected an address such as 127.0.0.1:9771, found %q", address)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		address = net.JoinHostPort("localhost", port)
	}
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
	if err != nil {
		return err
	}
	// A proxy of the environment is not asked for an address of this machine.
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return fmt.Errorf("expected an answer of the daemon at %s (api.http), found none: %w", address, err)
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	var said struct {
		Reason string `json:"reason"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&said); err != nil || said.Reason == "" {
		return fmt.Errorf("expected status 200 of the daemon at %s (api.http), found %d", address, answer.StatusCode)
	}
	return fmt.Errorf("%.500s", said.Reason)
}
