//go:build go1.21

package main

import (
	"context"
	"log/slog"
)

func init() {
	add("s29SlogInfo", s29SlogInfo)
	add("s29SlogAttrs", s29SlogAttrs)
	add("s29SlogOff", s29SlogOff)
}

var (
	structured = slog.New(slog.NewTextHandler(sinkWriter, nil))
	quiet      = slog.New(slog.NewTextHandler(sinkWriter, &slog.HandlerOptions{Level: slog.LevelError}))
)

func s29SlogInfo() { structured.Info("request", "path", text, "status", million, "ok", sinkBool) }

func s29SlogAttrs() {
	structured.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.String("path", text), slog.Int("status", million), slog.Bool("ok", sinkBool))
}

func s29SlogOff() { quiet.Info("request", "path", text, "status", million, "ok", sinkBool) }
