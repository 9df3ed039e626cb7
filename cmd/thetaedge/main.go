// Command thetaedge is the daemon of an edge node and its tools.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/cmd/thetaedge/cmd"
	"github.com/thetaedge/theta/internal/osfault"
)

func main() {
	// This comes first, because a process that runs requesters' programs needs nothing
	// else.
	if code, guest := cmd.Guest(os.Args); guest {
		os.Exit(code)
	}
	params.SetSDKDefaults()
	root, err := cmd.Root()
	if err == nil {
		err = root.ExecuteContext(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", grpcnode.PlainText(osfault.Explain("", err).Error()))
		os.Exit(1)
	}
}
