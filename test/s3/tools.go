//go:build tools

// Pins the S3 server that tests talk to: go build github.com/versity/versitygw/cmd/versitygw in this folder.
package tools

import _ "github.com/versity/versitygw/cmd/versitygw"
