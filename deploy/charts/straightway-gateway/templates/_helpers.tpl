{{/* The release's name: a namespace may have several gateways. */}}
{{- define "gateway.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" }}
{{- end }}

{{- define "gateway.selectorLabels" -}}
app: {{ include "gateway.name" . }}
app.kubernetes.io/name: straightway-gateway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What Envoy says of itself, as well: the control plane selects by these. */}}
{{- define "gateway.podLabels" -}}
{{ include "gateway.selectorLabels" . }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "gateway.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "gateway.podLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: gateway
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "gateway.drainSeconds" -}}
{{ add .Values.drain.seconds .Values.drain.lingerSeconds }}
{{- end }}

{{/* All ports of the Service that lead to listeners of the control plane, as JSON. */}}
{{- define "gateway.ports" -}}
{{- $ports := list }}
{{- range concat .Values.service.ports .Values.service.extraPorts }}
{{- $ports = append $ports (dict "name" .name "port" .port "targetPort" (default .port .targetPort)) }}
{{- end }}
{{- range $ports }}
{{- if lt (int .targetPort) 1024 }}
{{- fail (printf "service port %s: set a targetPort of 1024 or more, because Envoy runs without privileges." .name) }}
{{- end }}
{{- if has (int .targetPort) (list 15000 15020 15021 15090) }}
{{- fail (printf "service port %s: Envoy itself needs port %d, choose another targetPort." .name (int .targetPort)) }}
{{- end }}
{{- end }}
{{- $ports | toJson }}
{{- end }}

{{/*
Envoy's bootstrap: what `straightway bootstrap` prints for this release's values. The placeholders of
the file are those of deploy/gateway_files.py. A test compares the result with what the command prints.
*/}}
{{- define "gateway.bootstrap" -}}
{{- $name := include "gateway.name" . }}
{{- $namespace := .Release.Namespace }}
{{- $text := .Files.Get "files/bootstrap.yaml"
      | replace "control-plane.invalid" .Values.controlPlane.host
      | replace "port_value: 65535" (printf "port_value: %d" (int .Values.controlPlane.port))
      | replace "fixed_delay: 3599s" (printf "fixed_delay: %ss" (include "gateway.drainSeconds" .)) }}
{{- $bootstrap := fromYaml $text }}
{{- $metadata := dict "NAMESPACE" $namespace "LABELS" (include "gateway.podLabels" . | fromYaml) }}
{{- /* Each Pod replaces the id: --service-node. */}}
{{- $id := printf "router~0.0.0.0~%s.%s~%s.svc.cluster.local" $name $namespace $namespace }}
{{- $node := dict "id" $id "cluster" (printf "%s.%s" $name $namespace) "metadata" $metadata }}
{{- set $bootstrap "node" $node | toYaml }}
{{- end }}
